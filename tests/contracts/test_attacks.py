"""The contract every kind of attack keeps to, whoever wrote it."""

import dataclasses
from typing import Annotated, ClassVar

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from pydantic import BeforeValidator

from attacks import contract
from attacks.annotations import Unit
from attacks.attack import Attack
from attacks.build import as_data, build
from attacks.discovery import kinds
from attacks.entries.armed import arm
from attacks.fields import fields
from attacks.registry import forget, register
from scenarios.definition.scenario import Scenario
from scenarios.definition.schema import load, to_yaml
from twin.errors import InputError
from twin.testbed import Testbed

HOUR = 3600.0


@pytest.fixture(scope="module")
def bench():
    return contract.Bench()


@pytest.mark.parametrize("kind", sorted(kinds()))
def test_every_kind_keeps_every_promise(kind, bench):
    broken = [one for one in contract.check(kinds()[kind], bench) if not one.kept]
    assert not broken


@pytest.fixture(scope="module")
def ports(bench):
    with Testbed(bench.plant, warmup=0.0) as bed:
        names = [point.name for point in bed.points("*")]
    return [*names, *(f"plc:{plc}" for plc in bench.plant.plcs), "link:*->SCADA"]


def values(name, written, value):
    """Return a strategy for a field, around the value its kind's example gives it."""
    if written == "duration":
        return st.sampled_from(["5 min", "30 min", "1 h", "3 h"])
    if written == "true or false":
        return st.booleans()
    if written == "number" and isinstance(value, int | float):
        return st.floats(-2.0, 2.0).map(lambda factor: round(value * factor, 3))
    return st.just(value)


@st.composite
def trials(draw, kind, ports, bench):
    cls = kinds()[kind]
    usual = contract.example(cls, bench)
    given_fields = as_data(usual.attack)
    for field in fields(cls):
        if field.name in given_fields:
            usual_value = given_fields[field.name]
            given_fields[field.name] = draw(values(field.name, field.type, usual_value))
    mine = [port for port in ports if port.partition(":")[0] in cls.ports]
    on = draw(st.sampled_from([usual.on, *mine]))
    begins = draw(st.integers(0, 40)) * 300.0
    lasts = draw(st.integers(1, 36)) * 300.0
    try:
        trial = contract.Trial(
            attack=build({kind: given_fields}),
            on=on,
            tags=usual.tags if on == usual.on else (),
            begins=begins,
            lasts=lasts,
            bench=bench,
        )
        with Testbed(bench.plant, warmup=0.0) as bed:
            arm([trial.entry], bed)
    except InputError:  # fields or a port that make no sense there, and are said to
        assume(False)
    return trial


@pytest.mark.slow
@pytest.mark.parametrize("kind", sorted(kinds()))
@settings(max_examples=3, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_whatever_its_fields_port_and_time(kind, bench, ports, data):
    trial = data.draw(trials(kind, ports, bench))
    for _, promise in contract.PROMISES:
        promise(trial)


@pytest.mark.slow
@pytest.mark.parametrize("kind", sorted(kinds()))
@settings(max_examples=3, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_scenario_with_it_is_written_and_read_back(kind, bench, ports, tmp_path, data):
    trial = data.draw(trials(kind, ports, bench))
    scenario = Scenario(name="x", attacks=(trial.entry,), folder=tmp_path)
    path = tmp_path / "x.yaml"
    path.write_text(to_yaml(scenario), encoding="utf-8")
    assert load(path) == scenario


class Told(Attack):
    """Do what a test needs."""

    ports: ClassVar = ("link",)
    example: ClassVar = "{on: link:PLC2->SCADA, do: {told: {}}}"


class Impatient(Told):
    """Change something before its time."""

    def check(self, testbed, target):
        testbed.scada.register.values[:] = 0.0
        testbed.plcs["PLC1"].coils["PU3"] = 1.0


class Meddling(Told):
    """Move the water from a link that only the operator reads."""

    def begin(self, testbed, target):
        testbed.plcs["PLC1"].coils["PU3"] = 1.0


class Restless(Told):
    """Take noise from a stream that no seed reaches."""

    def tamper(self, reading):
        return reading.with_value(reading.value + np.random.default_rng().normal())


class Clinging(Told):
    """Never let go."""

    ports = ("plc",)
    example = "{on: plc:PLC5, do: {told: {}}}"

    def begin(self, testbed, target):
        plc = testbed.plcs[target]
        other = dataclasses.replace(plc.rules[0], command=1.0 - plc.rules[0].command)
        plc.patch(lambda plc, rules: (other, *rules[1:]))


class Fragile(Told):
    """Fall over a missing reading."""

    def tamper(self, reading):
        return reading.with_value(float(int(reading.value)))


class Straying(Told):
    """Let another tag through."""

    def tamper(self, reading):
        return dataclasses.replace(reading, tag="L_T2")


class Credulous(Told):
    """Take anything for a number."""

    by: Annotated[float, BeforeValidator(lambda value: 0.0), Unit("m")] = 0.0


class Unmeasured(Told):
    """Have a number without a unit."""

    by: float = 0.0


class Forgetful(Told):
    """Read another number than was written."""

    by: Annotated[float, BeforeValidator(lambda value: float(value) + 1.0), Unit("m")] = 0.0
    example = "{on: link:PLC2->SCADA, do: {told: {by: 1.0}}}"


class Silent(Told):
    """Show no example."""

    example = ""


@pytest.mark.parametrize(
    ("cls", "promise", "why"),
    [
        (Impatient, "changes nothing before its time", "before it began"),
        (Meddling, "touches only what it names", "the water differs"),
        (Restless, "same seed, same bytes", "run twice, SCADA's view differs: L_T1 at h 4"),
        (Clinging, "ends as it says", "not its own again"),
        (Fragile, "lets NaN and missing readings pass", "NaN"),
        (Straying, "lets NaN and missing readings pass", "L_T2 through where only"),
        (Credulous, "refuses fields that make no sense", "by: nan was accepted"),
        (Unmeasured, "explains itself", "`by` has neither a unit nor bounds"),
        (Forgetful, "reads back what is written", "reads as"),
        (Silent, "has an example", "no entry"),
    ],
)
def test_a_broken_promise_is_found_and_said(cls, promise, why, bench):
    made = register("told")(dataclasses.dataclass(frozen=True, kw_only=True)(cls))
    try:
        found = {one.promise: one for one in contract.check(made, bench)}
    finally:
        forget("told")
    assert not found[promise].kept
    assert why in found[promise].why

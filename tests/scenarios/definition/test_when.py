"""`when:` in scenario files: written back as it was read, and each mistake at its line."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

import scenarios
from attacks.entries.arrivals import Arrivals, RandomDuration
from attacks.entries.trigger import When
from scenarios.definition.schema import from_data, to_yaml
from scenarios.definition.when import when_in_words
from scenarios.definition.words import entries_in_words
from twin.errors import InputError

SECONDS = st.floats(1, 1e7)
DRAWS = st.one_of(
    st.builds(lambda a: RandomDuration("always", (a,)), SECONDS),
    st.builds(lambda a: RandomDuration("exponential", (a,)), SECONDS),
    st.builds(lambda a, b: RandomDuration("uniform", (a, a + b)), SECONDS, st.floats(1, 1e7)),
)
WHENS = st.one_of(
    st.builds(When, begins=SECONDS, lasts=SECONDS),
    st.builds(lambda a, b: When(begins=a, ends=a + b, end="L_T1 > 4"), SECONDS, SECONDS),
    st.builds(lambda a, b: When(lasts=a, every=a + b, ends=9e7), SECONDS, SECONDS),
    st.builds(When, start=st.just("not L_T1 < 4"), not_before=SECONDS, delay=SECONDS,
              follow=st.booleans()),
    st.builds(When, start=st.just("e.active"), end=st.just("e.ended"), once=st.booleans()),
    st.builds(lambda a, b: When(begins=a.values[0], random=Arrivals(gap=a, lasts=b)), DRAWS, DRAWS),
)  # fmt: skip


@given(WHENS)
def test_it_is_written_back_as_it_was(when):
    attack = {"name": "a", "on": "sensor:L_T1", "do": {"drop": {}}}
    made = from_data({"name": "x", "attacks": [attack]})
    entry = replace(made.attacks[0], when=when)
    written = to_yaml(replace(made, attacks=(entry,)))
    assert from_data(YAML().load(written), made.folder).attacks == (entry,)


def test_it_is_told_in_words():
    when = {"random": {"gap": {"exponential": "36 h"}, "for": {"uniform": ["1 h", "4 h"]}}}
    attack = {"on": "sensor:L_T1", "do": {"drop": {}}}
    scenario = from_data({"name": "x", "attacks": [attack | {"when": when}]})
    assert entries_in_words(scenario.attacks, scenario.plant_spec()) == [
        "attack-1: drop on sensor:L_T1, from the start on, again and again at random: "
        "gap exponential 36 h, for uniform 1 h to 4 h"
    ]


@pytest.mark.parametrize(
    ("written", "said"), [("1695 min", "28.25 h"), ("15 min", "15 min"), ("121 min", "121 min")]
)
def test_long_minutes_are_told_in_hours(written, said):
    attack = {"on": "sensor:L_T1", "do": {"drop": {}}, "when": {"from": written}}
    (entry,) = from_data({"name": "x", "attacks": [attack]}).attacks
    assert when_in_words(entry.when) == f"from {said} on"


FILE = """\
name: mine
duration: 1 d
warmup: 0 h
attacks:
  - name: lie-1
    on: link:PLC2->PLC1
    do: {drop: {}}
    when:
      WHEN
  - name: mask
    on: link:PLC2->SCADA
    do: {drop: {}}
"""


@pytest.mark.parametrize(
    ("when", "says"),
    [
        ("random: {gap: 1 parsec, for: 1 h}", "gap: unknown unit 'parsec'"),
        ("random: {gap: {exponentia: 3 h}, for: 1 h}", "did you mean exponential?"),
        ("random: {gap: 1 h}", "field 'for' is missing"),
        ("random: {gap: 1 h, last: 1 h}", "unknown field 'last'"),
        ("random: 3 h", "random is written as `key: value` pairs"),
        ("every: 24 h", "every needs a for that is shorter than it"),
        ("once: false", "once: false belongs to a `start:`"),
        ("once: maybe", "once"),
        ("ever: 24 h", "did you mean every?"),
        ("start: mask.actve", "did you mean mask.active?\n    mask.actve\n    ^"),
        ("start: lie-1.active", "lie-1 cannot wait for itself"),
        ("start: t > 1 and L_T1 => 4", "for => write >="),
    ],
)
def test_a_mistake_is_shown_at_its_line(tmp_path, when, says):
    path = tmp_path / "mine.yaml"
    path.write_text(FILE.replace("WHEN", when), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        scenarios.run(scenarios.load(path), watch=False, pair=False)
    error = scenarios.definition.schema.located(caught.value, path)
    assert str(error).startswith(f"{path}:9:")
    assert says in str(error)

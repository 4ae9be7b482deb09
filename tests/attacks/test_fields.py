"""What is said of a kind's fields comes from their annotations, and holds."""

import typing
from dataclasses import dataclass
from typing import Annotated

import pytest
from pydantic import Field, TypeAdapter
from ruamel.yaml import YAML

from attacks.annotations import Seconds, Unit
from attacks.attack import Attack
from attacks.build import build
from attacks.discovery import kinds
from attacks.fields import fields, flow, is_nested


@dataclass(frozen=True, kw_only=True)
class Sample(Attack):
    """Everything a field can be."""

    plain: Annotated[float, Unit("m")]
    bounded: Annotated[float | None, Field(gt=0.0, le=2.0), Unit("tag")] = None
    late: Seconds = 0.0
    maybe: Seconds | None = None
    nested: Annotated[
        tuple[tuple[Seconds, Annotated[float, Unit("tag")]], ...],
        Field(description="in order of time", examples=[[["1 h", 2.0]]]),
    ] = ()
    named: Annotated[dict[str, float], Field(examples=[{"a": 1.0}])]
    flag: bool = True


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("plain", "plain (number, in m, required)"),
        ("bounded", "bounded (number, in the tag's unit, above 0 and at most 2, default none)"),
        ("late", "late (duration, default 0 s)"),
        ("maybe", "maybe (duration, default none)"),
        (
            "nested",
            "nested (list of [duration, number in the tag's unit], default []): in order of time, "
            "like [[1 h, 2.0]]",
        ),
        ("named", "named ({name: number}, required), like {a: 1.0}"),
        ("flag", "flag (true or false, default true)"),
    ],
)
def test_a_field_is_said_by_its_annotation(name, says):
    assert {field.name: str(field) for field in fields(Sample)}[name] == says


@pytest.mark.parametrize("kind", sorted(kinds()))
def test_lists_and_mappings_have_an_example_that_can_be_used(kind):
    cls = kinds()[kind]
    hints = typing.get_type_hints(cls, include_extras=True)
    for field in fields(cls):
        if is_nested(hints[field.name]):
            assert "list of" in field.type or "{name:" in field.type
            assert field.example
        if field.example is not None:
            read = YAML(typ="safe").load(flow(field.example))
            assert read == field.example
            TypeAdapter(hints[field.name]).validate_python(read)


def test_a_table_touches_what_it_has_columns_for(tmp_path):
    (tmp_path / "one.csv").write_text("time,L_T1\n0,3.2\n")
    (tmp_path / "all.csv").write_text("time,value\n0,3.2\n")
    tags = ("L_T1", "L_T2")
    assert build({"table": {"file": "one.csv"}}, tmp_path).touched(tags) == ["L_T1"]
    assert build({"table": {"file": "all.csv"}}, tmp_path).touched(tags) == ["L_T1", "L_T2"]
    assert build({"drop": {}}).touched(tags) == tags


def test_data_is_written_on_one_line_as_yaml_reads_it():
    data = {"a": ["1 h", 2.5, True, "x < 4", "link:A->B", ""], "b": {"c": "on the way"}}
    assert YAML(typ="safe").load(flow(data)) == data


def test_a_share_has_no_unit():
    (speed,) = fields(kinds()["wear"])
    assert str(speed) == (
        "speed (number, above 0 and at most 1.5, required): of the speed it is told, 1 being all "
        "of it"
    )

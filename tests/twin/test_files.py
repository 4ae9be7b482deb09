"""What YAML files that cannot be read are answered with."""

import pytest

from twin.errors import InputError
from twin.files import read_yaml


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("a: 1\nb: {c: {d: 1}\ne: 2\n", "2:4",
         "the { that opens here is not closed: a } is missing before line 3"),
        ("a:\n  - {b: [1, 2\n  - {b: 3}\n", "2:9",
         "the [ that opens here is not closed: a ] is missing before line 3"),
        ('a: 1\nb: "c\nd: 2\n', "2:4",
         'the " that opens here is not closed: a " is missing before line 4'),
        ("a: {b: 'x' c: 3}\n", "1:12", "a comma is missing before 'c: 3}'"),
        ("a: 1\nb: 2026-02-31\n", "2:4",
         "2026-02-31 is no date of the calendar: day is out of range for month"),
        ("a: 2026-13-01\n", "1:4", "no date of the calendar: month must be in 1..12"),
        ("a: 2026-02-03 25:00:00\n", "1:4", "no date of the calendar: hour must be in 0..23"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_yaml_file_is_said_where_it_is(tmp_path, text, place, message):
    path = tmp_path / "x.yaml"
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        read_yaml(path)
    assert str(caught.value).startswith(f"{path}:{place}: ")
    assert message in caught.value.message
    assert ("YAML" in caught.value.message) == ("calendar" not in caught.value.message)

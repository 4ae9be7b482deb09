import pytest

from scenarios.sweeps.values import product_at, read_values
from twin.errors import InputError


@pytest.mark.parametrize(
    ("spec", "values"),
    [
        ([1, "2 h"], [1, "2 h"]),
        (range(3), [0, 1, 2]),
        ({"range": [3]}, [0, 1, 2]),
        ({"range": [0, 1, 0.25]}, [0.0, 0.25, 0.5, 0.75]),
        ({"range": ["24 h", "96 h", "24 h"]}, ["1 d", "2 d", "3 d"]),
        ({"linspace": [-3, 0, 4]}, [-3.0, -2.0, -1.0, 0.0]),
        ({"linspace": ["1 h", "2 h", 3]}, ["1 h", "90 min", "2 h"]),
        ({"linspace": ["100 ms", "200 ms", 2]}, ["0.1 s", "0.2 s"]),
    ],
)
def test_forms(spec, values):
    assert read_values(spec, "x") == values


def test_draws_depend_on_field_and_seed_only():
    spec = {"uniform": ["24 h", "72 h"], "n": 20}
    drawn = read_values(spec, "a", 1)
    assert drawn == read_values(spec | {"seed": 1}, "a", 7)
    assert drawn != read_values(spec, "b", 1)
    assert drawn != read_values(spec, "a", 2)
    assert len(set(drawn)) == 20
    assert all(0 < number <= 1 for number in read_values({"loguniform": [0.01, 1], "n": 9}, "a"))
    assert len(read_values({"normal": [0, 2], "n": 5}, "a")) == 5
    assert set(read_values({"choice": ["x", "y"], "n": 40}, "a")) == {"x", "y"}


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        (3, "takes a list"),
        ([], "takes no value"),
        ({"unifrom": [1, 2], "n": 2}, "did you mean uniform?"),
        ({"uniform": [1, 2]}, "it is missing"),
        ({"uniform": [2, 1], "n": 1}, "lies above"),
        ({"uniform": [1, "2 h"], "n": 1}, "all are durations"),
        ({"uniform": [1, 2, 3], "n": 1}, "lowest, highest"),
        ({"loguniform": [0, 1], "n": 1}, "above 0"),
        ({"range": [0, 5, 0]}, "not 0"),
        ({"range": ["1 h", "2 h"]}, "needs its step"),
        ({"range": [0, 1], "n": 3}, "takes no n"),
        ({"range": [0, 1e9]}, "more than"),
        ({"linspace": [0, 1]}, "first, last, n"),
        ({"range": [True]}, "a number or a duration"),
        ({"choice": [1], "n": 0}, "from 1 on, not 0"),
        ({"choice": [1], "n": 1, "seed": -1}, "from 0 on, not -1"),
    ],
)
def test_mistakes(spec, told):
    with pytest.raises(InputError) as raised:
        read_values(spec, "x")
    assert told in str(raised.value)


def test_the_last_field_varies_fastest():
    over = {"a": [1, 2], "b": [3, 4, 5]}
    assert [tuple(product_at(over, i).values()) for i in range(6)] == [
        (1, 3), (1, 4), (1, 5), (2, 3), (2, 4), (2, 5),
    ]  # fmt: skip

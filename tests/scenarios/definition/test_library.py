import pytest

from scenarios.definition import schema
from tests.scenarios.measure import MARK, measured, stated


@pytest.mark.parametrize("name", schema.library())
def test_the_header_says_what_it_does_to_the_water(name):
    """If not: make library."""
    assert stated(schema.path_of(name).read_text(encoding="utf-8")).startswith(MARK)


@pytest.mark.slow
@pytest.mark.parametrize("name", schema.library())
def test_what_the_header_says_is_what_is_measured(name):
    """If not: make library."""
    text = schema.path_of(name).read_text(encoding="utf-8")
    assert stated(text) == measured(schema.load(name))

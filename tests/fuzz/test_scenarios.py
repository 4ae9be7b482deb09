"""Malformed scenario files: one message with file, line and column, and nothing written."""

import random
import re

import pytest

from scenarios.definition import schema
from scenarios.definition.check import armed
from tests.command import hydrotwin
from tests.fuzz.mutate import mutated
from twin.errors import InputError
from twin.plants.spec import load_plant

LIBRARY = [path.read_text(encoding="utf-8") for path in sorted(schema.LIBRARY.glob("*.yaml"))]


@pytest.fixture(scope="module")
def ctown():
    return load_plant("ctown")


def tried(path, ctown):
    """Return the error that a run of this file would begin with, or None."""
    try:
        scenario = schema.load(path)
        plain = (scenario.plant, scenario.demands, scenario.control) == ("ctown", "profile", {})
        with armed(scenario, ctown if plain else None):
            return None
    except InputError as error:
        return schema.located(error, path)


def fuzz(count, seed, folder, ctown):
    """Return how many of `count` mutated files turned out to be valid."""
    rng = random.Random(seed)
    path = folder / "mine.yaml"
    valid = 0
    for number in range(count):
        text = mutated(rng.choice(LIBRARY), rng)
        path.write_text(text, encoding="utf-8", newline="")
        try:
            error = tried(path, ctown)
        except Exception as broken:
            raise AssertionError(f"file {number}: {broken!r} at\n{text}") from broken
        valid += error is None
        if error is not None:
            said = str(error)
            found = re.match(rf"{re.escape(str(path))}:(\d+):(\d+): \S", said)
            assert found, f"file {number}: no line and column in {said!r}\n{text}"
            assert int(found[1]) <= len(text.splitlines()) + 1, said
        assert [p.name for p in folder.iterdir()] == ["mine.yaml"], text
    return valid


def test_a_malformed_file_is_one_message_with_its_place(tmp_path, ctown):
    valid = fuzz(300, 1, tmp_path, ctown)
    assert valid < 150  # most of them are malformed, or this tries nothing


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10))
def test_ten_thousand_malformed_files(seed, tmp_path, ctown):
    malformed, step = 0, 0
    while malformed < 1000:
        malformed += 250 - fuzz(250, 1000 * seed + step, tmp_path, ctown)
        step += 1


@pytest.mark.parametrize("seed", range(4))
def test_the_command_line_says_it_once_and_exits_with_2(seed, tmp_path, ctown):
    rng = random.Random(seed)
    path = tmp_path / "mine.yaml"
    error = None
    while error is None:
        path.write_text(mutated(rng.choice(LIBRARY), rng), encoding="utf-8", newline="")
        error = tried(path, ctown)
    done = hydrotwin("run", path, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr == f"error: {error}\n"
    assert done.stdout == ""
    assert [p.name for p in tmp_path.iterdir()] == ["mine.yaml"]

"""`hydrotwin live` answers mistakes before anything is served or simulated."""

import socket

import pytest
from typer.testing import CliRunner

from scenarios.cli import app
from twin.errors import InputError


def refused(*arguments):
    result = CliRunner().invoke(app, ["live", *map(str, arguments)])
    assert isinstance(result.exception, InputError), result.output
    return str(result.exception)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "name a scenario, or a run folder"),
        (["normal", "--replay", "runs/x"], "name a scenario, or a run folder"),
        (["normal", "--host", "0.0.0.0"], "--host 0.0.0.0 lets others in: give a --password"),
        (["normal", "--wire-table", "x.csv"], "--wire-table belongs to --wire"),
        (["normal", "--speed", "0"], "--speed: speed must be above 0"),
        (["normal", "--password", "short"], "8 characters"),
        (["normal", "--teacher-password", ""], "8 characters"),
        (["normal", "--host", "203.0.113.1", "--password", "correct horse"], "cannot be served"),
        (["normal", "--port", "60000", "--port-offset", "40000"], "cannot be served"),
        (["no-such-scenario", "--port-offset", "20000"], "no-such-scenario"),
        (["--replay", "no-such-run", "--port-offset", "20000"], "no run folder"),
    ],
)
def test_a_mistake_is_answered(arguments, words, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert words in refused(*arguments)
    assert not list(tmp_path.iterdir())


def test_what_is_not_installed_is_named(monkeypatch):
    monkeypatch.setattr("scenarios.commands.live._NEEDED", ("no_such_module",))
    assert "pip install 'hydrotwin[live]'" in refused("normal")


def test_a_port_that_is_taken_is_named():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        assert f"port {port} cannot be served" in refused("normal", "--port", port)

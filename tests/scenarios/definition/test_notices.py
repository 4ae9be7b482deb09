"""What check says of a plant that a scenario runs."""

from typer.testing import CliRunner

from scenarios.cli import app
from tests.twin.drafting.test_beside import CASES, town
from twin.drafting.draft import draft


def test_check_warns_of_rules_without_a_dead_band(tmp_path):
    draft(town(tmp_path, **CASES["no dead band"]), tmp_path / "town")
    file = tmp_path / "mine.yaml"
    file.write_text("name: mine\nplant: town\nduration: 1 h\ndemands: patterns\nwarmup: 0 h\n")
    shown = CliRunner().invoke(app, ["scenarios", "check", str(file)])
    assert "no dead band for P1" in " ".join(shown.output.split())

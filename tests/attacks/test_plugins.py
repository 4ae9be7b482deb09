import pytest

from attacks import base, plugins
from scenarios.draft import attack
from scenarios.schema import load
from twin.errors import InputError

SCENARIO = """\
name: mine
duration: 2 h
warmup: 0 h
plugins: [half.py]
attacks:
  - {name: lie, on: sensor:L_T6, do: {half: {factor: 0.5}}}
"""


@pytest.fixture
def folder(tmp_path):
    """Give a folder with an attack and a scenario; what is loaded from it is forgotten again."""
    (tmp_path / "half.py").write_text(attack("half"))
    (tmp_path / "mine.yaml").write_text(SCENARIO)
    before = set(base.kinds())
    yield tmp_path
    for kind in set(base.kinds()) - before:
        base.forget(kind)
    for path in [path for path in plugins._FILES if path.parent == tmp_path]:
        del plugins._FILES[path]


def test_a_scenario_names_an_attack_of_ones_own(folder):
    run = load(folder / "mine.yaml").run(watch=False)
    assert (run.scada["L_T6"] == 0.5 * run.truth["L_T6"]).all()
    assert load(folder / "mine.yaml").attacks == run.scenario.attacks  # it is loaded once


def test_a_run_folder_still_knows_where_the_attack_is(folder, tmp_path_factory):
    out = tmp_path_factory.mktemp("elsewhere") / "run"
    load(folder / "mine.yaml").run(watch=False, pair=False, out=out)
    assert load(out / "scenario.yaml").attacks[0].do.kind == "half"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (None, "no such Python file"),
        ("def f(:\n", "line 1: invalid syntax"),
        ("import math\nmath.no_such_thing\n", "line 2: AttributeError"),
        ("raise SystemExit(3)\n", "SystemExit"),
        ("x = 1\n", "registers no attack"),
        (attack("half").replace('"half"', '"offset"'), "ValueError: attack 'offset' is already"),
    ],
)
def test_a_broken_plugin_is_one_message_at_its_line_of_the_scenario(folder, text, says):
    path = folder / "half.py"
    path.unlink() if text is None else path.write_text(text)
    before = base.kinds()
    with pytest.raises(InputError) as caught:
        load(folder / "mine.yaml")
    assert str(caught.value).startswith(f"{folder / 'mine.yaml'}:4:11: plug-in half.py")
    assert says in str(caught.value)
    assert base.kinds() == before


class Point:
    """An entry point of an installed package."""

    name, value, dist = "mine", "mine:attacks", None

    def __init__(self, load):
        self.load = load


def test_an_installed_package_brings_its_kinds(folder, monkeypatch):
    point = Point(lambda: plugins.load_file(folder / "half.py"))
    monkeypatch.setattr(plugins, "_installed", lambda: [point])
    assert "half" in base.kinds()
    plugins._LOADED.discard(point.value)


def test_a_broken_package_is_named(monkeypatch):
    def fail():
        raise ImportError("no module named pumps")

    monkeypatch.setattr(plugins, "_installed", lambda: [Point(fail)])
    with pytest.raises(InputError, match=r"mine:attacks .*no module named pumps"):
        base.kinds()
    monkeypatch.undo()
    assert "offset" in base.kinds()

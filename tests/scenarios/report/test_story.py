import numpy as np
import pytest

import scenarios
from scenarios.definition.schema import from_data
from scenarios.report.story import _DAMAGE_LINE, _NOTICE_LINE, plot_story
from scenarios.report.story_devices import device_rows
from scenarios.report.story_outcome import _rounded
from scenarios.report.style import tick_spacing


def texts(figure):
    return [
        text.get_text()
        for axes in figure.axes
        for text in (*axes.texts, *axes.get_yticklabels(), axes.yaxis.label)
    ] + [text.get_text() for axes in figure.axes for text in _legend(axes)]


def _legend(axes):
    legend = axes.get_legend()
    return legend.get_texts() if legend else []


@pytest.fixture(scope="module")
def lied():
    """Run a scenario in which PLC1 is told that T1 is full and stops, and an entry never acts."""
    lie = {
        "name": "t1-full",
        "on": "link:PLC2->PLC1",
        "do": {"constant": {"value": 9.0}},
        "when": {"from": "4 h", "for": "10 h"},
    }
    never = {"name": "late", "on": "sensor:L_T6", "do": {"drop": {}}, "when": {"from": "90 d"}}
    data = {"name": "x", "duration": "1 d", "warmup": "0 h", "attacks": [lie, never]}
    return scenarios.run(from_data(data), watch=False)


def test_the_story_tells_who_was_deceived_what_was_done_and_what_broke(lied):
    said = texts(plot_story(lied))
    for words in ("link:PLC2->PLC1", "L_T1\n[m]", "PLC1 saw", "PU1", "nobody watched"):
        assert words in said
    assert "SCADA saw" not in said  # it saw the truth
    (bar,) = [words for words in said if words.startswith("t1-full: constant (value 9 m)")]
    assert "from 4 h on, for 10 h" in bar
    assert any(words.startswith("never acted: late") for words in said)
    assert "tanks empty\n[h]" in said or "demand not\nmet [m³]" in said


def test_a_bar_lasts_as_long_as_its_entry_acted(lied):
    collections = plot_story(lied).axes[0].collections
    spans = [path.get_extents() for c in collections for path in c.get_paths()]
    assert [(span.x0, span.x1) for span in spans if span.width] == [(4.0, 14.0)]


def test_words_stay_inside_the_picture(lied):
    figure = plot_story(lied)
    figure.draw_without_rendering()
    page = figure.bbox
    for axes in figure.axes:
        for text in (*axes.texts, *_legend(axes), *axes.get_yticklabels()):
            box = text.get_window_extent()
            assert box.x0 >= page.x0, text
            assert box.x1 <= page.x1, text


@pytest.mark.parametrize(
    ("value", "words"), [(0.5, "0.5"), (0.083, "0.083"), (12.4, "12"), (7108.9, "7,109")]
)
def test_harm_is_written_with_digits_that_tell(value, words):
    assert _rounded(value) == words


@pytest.mark.parametrize(("hours", "apart"), [(1, 0.1), (12, 2), (42, 6), (168, 24), (720, 72)])
def test_ticks_fit_the_length_of_the_run(hours, apart):
    assert tick_spacing(hours) == apart


@pytest.fixture(scope="module")
def harmed():
    """Run one in which tanks run empty of which no entry speaks, one entry late and wordy."""
    botnet = {"name": "botnet", "on": "plant:DMA2", "do": {"demand": {"factor": 3.0}},
              "when": {"from": "10 h", "for": "20 h"}}  # fmt: skip
    late = {"name": "late", "on": "sensor:L_T1", "do": {"offset": {"by": 2.0}},
            "when": {"start": "L_T2 > -1 and L_T3 > -1 and L_T4 > -1", "not_before": "39 h",
                     "end": "L_T1 > 8 and L_T2 > 8 and L_T3 > 8 and L_T4 > 8"}}  # fmt: skip
    data = {"name": "x", "duration": "42 h", "warmup": "0 h", "attacks": [botnet, late]}
    return scenarios.run(from_data(data), watch=False)


def test_tanks_that_came_to_harm_come_first(harmed):
    empty = harmed.truth.filter(regex="^empty_") - harmed.paired.filter(regex="^empty_")
    dry = {f"L_{name.split('_')[1]}\n[m]" for name in empty.columns[(empty > 0).any()]}
    panels = [
        axes.get_ylabel() for axes in plot_story(harmed).axes if axes.get_ylabel()[:2] == "L_"
    ]
    hurt = min(len(dry), 4)
    assert hurt
    assert set(panels[:hurt]) <= dry


def test_what_an_entry_does_is_said_whole_inside_the_panel_beside_its_bar(harmed):
    figure = plot_story(harmed)
    figure.draw_without_rendering()
    axes = figure.axes[0]
    panel = axes.get_window_extent()
    (words,) = [text for text in axes.texts if text.get_text().startswith("late")]
    assert words.get_text().replace("\n", " ").endswith("L_T4 > 8` holds")
    assert "\n" in words.get_text()
    box = words.get_window_extent()
    assert panel.x0 <= box.x0
    assert box.x1 <= panel.x1
    assert box.x1 > axes.transData.transform((39.0, 0.0))[0]  # it ends with its bar


def test_plcs_that_saw_the_same_share_a_line(harmed):
    assert "PLC1, PLC2 saw" in texts(plot_story(harmed))


@pytest.fixture(scope="module")
def parted():
    """Run one in which two PLCs and SCADA are each told something else of one tag and one pump."""
    level, pump = {"tags": ["L_T1"]}, {"tags": ["S_PU1"]}
    early, late = {"from": "2 h", "to": "5 h"}, {"from": "7 h"}
    acts = [
        ("link:T1->PLC2", level, {"offset": {"by": 1.0}}, {"from": "2 h"}),
        ("link:PLC2->PLC1", level, {"constant": {"value": 2.0}}, {"from": "2 h"}),
        ("link:PLC2->SCADA", level, {"constant": {"value": 0.2}}, {"from": "2 h"}),
        ("link:PU1->PLC1", pump, {"zero": {}}, early),
        ("link:PLC1->SCADA", pump, {"constant": {"value": 1.0}}, early),
        ("link:PLC1->SCADA", pump, {"zero": {}}, late),
    ]
    attacks = [{"on": on, **tags, "do": do, "when": when} for on, tags, do, when in acts]
    data = {"name": "x", "duration": "12 h", "warmup": "0 h", "attacks": attacks}
    return scenarios.run(from_data(data), watch=False)


def panel(figure, label):
    (axes,) = [axes for axes in figure.axes if axes.get_ylabel() == label]
    return axes


def test_two_plcs_that_are_told_different_things_of_one_tag_are_both_shown(parted):
    axes = panel(plot_story(parted), "L_T1\n[m]")
    lines = {line.get_label(): line for line in axes.lines}
    true = parted.truth["L_T1"].to_numpy()
    late = parted.truth.index.to_numpy() > 4 * 3600
    for label, value in (("PLC1 saw", 2.0), ("SCADA saw", 0.2)):
        assert np.nanmedian(lines[label].get_ydata()) == value
    seen = lines["PLC2 saw"].get_ydata()
    assert np.nanmedian(np.abs(seen[late] - true[late] - 1.0)) < 0.05


def test_truth_and_each_view_have_a_line_of_their_own(parted):
    axes = panel(plot_story(parted), "L_T1\n[m]")
    lines = {line.get_label(): line for line in axes.lines}
    told = [lines[label] for label in ("truth", "no attacks", "PLC1 saw", "PLC2 saw", "SCADA saw")]
    assert len({line.get_color() for line in told}) == 5
    dashes = [line._unscaled_dash_pattern for line in told]
    assert len({str(dash) for dash in dashes[2:]}) == 3
    assert dashes[0] == dashes[1] == (0, None)
    assert all(dash != (0, None) for dash in dashes[2:])
    assert told[0].get_linewidth() > told[1].get_linewidth()


def test_what_a_pump_did_and_how_it_was_seen_have_rows_of_their_own(parted):
    rows = [row for row in device_rows(parted) if row.device in ("", "PU1")]
    rows = rows[[row.device for row in rows].index("PU1") :][:4]
    assert {row.label for row in rows} == {"runs", "PLC saw", "SCADA saw", "no attacks"}
    assert len({row.color for row in rows}) == 4
    assert rows[0].height > max(row.height for row in rows[1:])
    axes = panel(plot_story(parted), "pumps,\nvalves")
    assert {"runs", "PLC saw", "SCADA saw"} <= {text.get_text() for text in _legend(axes)}


def test_the_marks_of_damage_and_of_notice_are_told_apart_in_the_key(harmed):
    damaged, noticed = _DAMAGE_LINE["ls"], _NOTICE_LINE["ls"]
    assert damaged != noticed
    (key,) = plot_story(harmed).legends
    _, (on, off) = noticed
    assert key.handlelength * 7.5 >= (2 * on + off) * _NOTICE_LINE["lw"]  # two dashes of it


@pytest.fixture(scope="module")
def many():
    """Run one that forges more tags than there are panels; one entry forges what ranks last."""
    wide = {"on": "link:PLC1->SCADA", "do": {"scale": {"factor": 3.0}}}
    levels = [{"on": f"sensor:L_T{i}", "do": {"offset": {"by": 2.0}}} for i in (2, 3, 4)]
    least = {"name": "least", "on": "link:PLC3->SCADA", "tags": ["P_J14"],
             "do": {"offset": {"by": 0.1}}}  # fmt: skip
    attacks = [one | {"when": {"from": "3 h"}} for one in (wide, *levels, least)]
    data = {"name": "x", "duration": "12 h", "warmup": "0 h", "attacks": attacks}
    return scenarios.run(from_data(data), watch=False, pair=False)


def test_each_entry_that_forges_has_a_panel_and_what_has_none_is_named(many):
    figure = plot_story(many)
    labels = {axes.get_ylabel().split("\n")[0] for axes in figure.axes}
    assert {"P_J14", "L_T2", "L_T3", "L_T4"} <= labels
    altered = {tag for some in many.labels["altered"] for tag in some}
    missing = [t.name for t in many.spec.tags if t.name in altered - labels and t.unit]
    (words,) = [text for text in texts(figure) if text.startswith("and ")]
    count, names = words.replace("\n", " ").split(": ")
    assert names.split(", ") == missing
    assert count == f"and {len(missing)} more that were altered"


def test_nothing_is_said_to_be_left_out_where_nothing_is(lied):
    assert not any(text.startswith("and ") for text in texts(plot_story(lied)))

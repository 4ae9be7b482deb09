import pytest

from scenarios.schema import from_data
from scenarios.story import story


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
    return from_data(data).run(watch=False)


def test_the_story_tells_who_was_deceived_what_was_done_and_what_broke(lied):
    said = texts(story(lied))
    for words in ("link:PLC2->PLC1", "L_T1\n[m]", "PLC1 saw", "PU1", "nobody watched"):
        assert words in said
    assert "SCADA saw" not in said  # it saw the truth
    (bar,) = [words for words in said if words.startswith("t1-full: constant (value 9 m)")]
    assert "from 4 h on, for 10 h" in bar
    assert any(words.startswith("never acted: late") for words in said)
    assert "tanks empty\n[h]" in said or "demand not\nmet [m³]" in said


def test_a_bar_lasts_as_long_as_its_entry_acted(lied):
    collections = story(lied).axes[0].collections
    spans = [path.get_extents() for c in collections for path in c.get_paths()]
    assert [(span.x0, span.x1) for span in spans if span.width] == [(4.0, 14.0)]


def test_words_stay_inside_the_picture(lied):
    figure = story(lied)
    figure.draw_without_rendering()
    page = figure.bbox
    for axes in figure.axes:
        for text in (*axes.texts, *_legend(axes), *axes.get_yticklabels()):
            box = text.get_window_extent()
            assert box.x0 >= page.x0, text
            assert box.x1 <= page.x1, text

import numpy as np
import pytest

from attacks.entries.armed import arm
from attacks.scorer import hand_in, handed
from scenarios.definition.schema import from_data
from twin.errors import RunError
from twin.plants.spec import load_plant
from twin.testbed import Testbed

HOUR = 3600.0


class Level:
    """Scores a frame by how far T1's level and the flow of PU1 are from what they shall be."""

    interval_s, threshold = 3600.0, 1.0

    def __init__(self, tags, gradient=False):
        self.places, self.gradient = [tags.index("L_T1"), tags.index("F_PU1")], gradient
        self.wanted = np.array([3.0, 100.0])
        self.asked = []

    def ask(self, time, frames):
        self.asked.append(time)
        return (((frames[:, self.places] - self.wanted) / [0.1, 10.0]) ** 2).sum(axis=1)

    def slope(self, time, frame):
        if not self.gradient:
            return None
        slope = np.zeros(len(frame))
        slope[self.places] = 2.0 * (frame[self.places] - self.wanted) / [0.01, 100.0]
        return slope


@pytest.fixture(scope="module")
def plant():
    return load_plant("ctown")


def shown(plant, do, tags=(), scorer=None, hours=14, on="scada"):
    """Return what SCADA showed, and what it would have shown."""
    tables = []
    for attacks in ([{"on": on, "tags": list(tags), "do": do,
                      "when": {"from": "8 h", "for": "4 h"}}], []):  # fmt: skip
        entries = from_data({"name": "x", "attacks": attacks}).attacks
        with Testbed(plant, warmup=24 * HOUR) as bed:
            if scorer is not None:
                hand_in(bed, "mine", scorer)
            arm(entries, bed)
            for _ in bed.run(hours * HOUR):
                pass
            tables.append(bed.historian.scada.frame())
    return tables


def test_only_the_entrys_tags_are_altered_and_only_while_it_acts(plant):
    scorer = Level(plant.tag_names)
    view, usual = shown(plant, {"evade": {"detector": "mine"}}, ["L_T1"], scorer)
    apart = view != usual
    assert apart.loc[8 * HOUR : 12 * HOUR - 1, "L_T1"].any()
    assert not apart.drop(columns="L_T1").any(axis=None)
    assert not apart.drop(index=apart.loc[8 * HOUR : 12 * HOUR - 1].index).any(axis=None)


@pytest.mark.parametrize("gradient", [False, True])
def test_the_detector_says_less_of_what_is_shown(plant, gradient):
    scorer = Level(plant.tag_names, gradient)
    view, usual = shown(plant, {"evade": {"detector": "mine"}}, ["L_T1", "F_PU1"], scorer)
    hours = [8 * HOUR, 9 * HOUR, 10 * HOUR, 11 * HOUR]
    hidden, bare = (scorer.ask(0.0, table.loc[hours].to_numpy()) for table in (view, usual))
    assert (hidden <= bare).all()
    assert hidden.sum() < 0.5 * bare.sum()


def test_it_asks_when_the_detector_looks_and_holds_in_between(plant):
    scorer = Level(plant.tag_names)
    view, _ = shown(plant, {"evade": {"detector": "mine"}}, ["L_T1"], scorer)
    assert {time % HOUR for time in scorer.asked} == {0.0}
    assert view.loc[8 * HOUR : 9 * HOUR - 1, "L_T1"].nunique() == 1


def test_what_is_no_alarm_is_left_alone(plant):
    scorer = Level(plant.tag_names)
    scorer.threshold = 1e9
    view, usual = shown(plant, {"evade": {"detector": "mine"}}, ["L_T1"], scorer)
    assert view.equals(usual)


def test_statuses_stay_statuses(plant):
    scorer = Level(plant.tag_names)
    view, _ = shown(plant, {"evade": {"detector": "mine"}}, ["S_PU1", "S_PU3"], scorer)
    assert set(np.unique(view[["S_PU1", "S_PU3"]])) <= {0.0, 1.0}


def test_a_detector_that_nobody_handed_in_is_told(plant):
    with Testbed(plant, warmup=0.0) as bed:
        with pytest.raises(RunError, match="nobody has handed one in"):
            handed(bed, "mine")
        hand_in(bed, "mine", Level(plant.tag_names))
        with pytest.raises(RunError, match="did you mean mine"):
            handed(bed, "mines")


def test_an_autoencoder_shows_what_usually_goes_together(plant):
    view, usual = shown(plant, {"autoencode": {}}, on="link:PLC1->SCADA")
    acting = view.loc[8 * HOUR : 12 * HOUR - 1]
    apart = (view != usual).any()
    mine = [tag.name for tag in plant.tags if tag.plc == "PLC1"]
    assert set(apart.index[apart]) <= set(mine)
    # PU1 runs all that time, with a flow that the network has seen: it stays near to it.
    assert apart["F_PU1"]
    assert (acting["F_PU1"] - usual.loc[acting.index, "F_PU1"]).abs().max() < 20.0
    assert set(np.unique(acting["S_PU1"])) <= {0.0, 1.0}
    assert (view.loc[12 * HOUR :] == usual.loc[12 * HOUR :]).all(axis=None)


def test_an_autoencoder_of_nothing_lets_all_pass(plant):
    entry = {"on": "link:PLC1->SCADA", "do": {"autoencode": {}}, "when": {"from": "0 h"}}
    entries = from_data({"name": "x", "attacks": [entry]}).attacks
    with Testbed(plant, warmup=0.0) as bed:
        arm(entries, bed)
        for _ in bed.run(HOUR):
            pass
        view = bed.historian.scada.frame()
    assert view.notna().all(axis=None)

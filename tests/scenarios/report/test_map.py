"""The map of a network, with coordinates and without."""

import numpy as np
import pytest
import wntr
from matplotlib.collections import LineCollection, PathCollection

from scenarios.report.map import has_coordinates, node_positions, plot_map
from tests.twin.drafting.test_controls import SMALL
from tests.twin.drafting.test_draft import make
from twin.plants.spec import PLANTS, load_plant


def without_coordinates(text):
    """Leave out the last section but [END]."""
    return text[: text.index("[COORDINATES]")] + "[END]\n"


def test_a_network_with_coordinates_is_drawn_by_them():
    model = load_plant("ctown").model
    assert has_coordinates(model)
    assert node_positions(model)["T1"] == tuple(model.get_node("T1").coordinates)


@pytest.mark.parametrize("origin", ["small", "ctown"])
def test_a_network_without_is_drawn_by_what_hangs_together(tmp_path, origin):
    """No two nodes at one spot, ends of a link near each other, and the same each time."""
    text = SMALL.format(controls="", rules="")
    if origin == "ctown":
        text = (PLANTS / "ctown" / "network.inp").read_text()
    path = tmp_path / "bare.inp"
    path.write_text(without_coordinates(text))
    model = wntr.network.WaterNetworkModel(str(path))
    assert not has_coordinates(model)
    found = node_positions(model)
    assert found == node_positions(model)
    spots = np.array([found[name] for name in model.node_name_list])
    apart = np.hypot(*(spots[:, None] - spots[None]).T)
    links = [
        np.subtract(found[x.start_node_name], found[x.end_node_name]) for _, x in model.links()
    ]
    assert apart[np.triu_indices(len(spots), 1)].min() > 1e-4
    assert np.hypot(*np.array(links).T).mean() <= apart.mean()


def test_its_picture_says_that_the_map_is_none(tmp_path):
    bare = plot_map(make(tmp_path, change=without_coordinates).spec)
    assert "no coordinates" in bare.axes[0].get_title()
    assert "no coordinates" not in plot_map(load_plant("ctown")).axes[0].get_title()


def test_a_pump_and_a_reservoir_of_one_name_have_a_place_each(tmp_path):
    change = lambda text: text.replace(" PU ", " 9 ").replace(" R ", " 9 ")  # noqa: E731
    plant = make(tmp_path, change=change).spec
    figure = plot_map(plant)
    drawn = [one for one in figure.axes[0].collections if isinstance(one, PathCollection)]
    marks = [tuple(spot) for one in drawn for spot in one.get_offsets()]
    assert (0.0, 0.0) in marks  # the reservoir
    assert (0.5, 0.0) in marks  # the pump, between it and J1
    assert any(text.get_text() == "9\nPLC1" for text in figure.axes[0].texts)


def test_every_link_is_drawn_so_that_districts_hang_together():
    model = load_plant("ctown").model
    drawn = [
        {tuple(line[0]), tuple(line[-1])}
        for lines in plot_map(load_plant("ctown")).axes[0].collections
        if isinstance(lines, LineCollection)
        for line in lines.get_segments()
    ]
    for name in [*model.pump_name_list, *model.valve_name_list, *model.pipe_name_list]:
        link = model.get_link(name)
        ends = {tuple(model.get_node(end).coordinates) for end in
                (link.start_node_name, link.end_node_name)}  # fmt: skip
        assert ends in drawn

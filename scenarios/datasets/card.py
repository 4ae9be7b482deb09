"""The card of a data set: how it was made, what is in it, what it cannot tell."""

from __future__ import annotations

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined

from scenarios.datasets.recipe import Recipe
from scenarios.sweeps.job import versions
from twin.units import readable


def card(recipe: Recipe, weeks: pd.DataFrame) -> str:
    """Return the card of a data set as Markdown.

    Parameters
    ----------
    recipe : Recipe
    weeks : DataFrame
        As `weeks.csv` has them.
    """
    file = recipe.file
    counts = weeks.groupby(["part", "kind", "family"], sort=False).size().reset_index(name="weeks")
    environment = Environment(
        loader=PackageLoader("scenarios", "templates"),
        undefined=StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template("data-card.md").render(
        file=file,
        spec=recipe.base.plant_spec(),
        week=readable(file.week),
        trained=readable(file.train.duration),
        frames=[readable(each) for each in file.frames],
        begins=[readable(each) for each in file.begins],
        lasts=[readable(each) for each in file.lasts],
        counts=counts.to_dict("records"),
        versions=versions(),
    )

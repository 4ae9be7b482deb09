"""`hydrotwin batadal supervise`: train a detector on simulated attacks and freeze it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from scenarios.commands.output import Force, check_free, figures_table, share_bar


def supervise(
    out: Annotated[Path, typer.Option(help="The weights, *.safetensors; a card goes beside.")],
    weeks: Annotated[int, typer.Option(min=9, help="Simulated weeks under attack.")] = 216,
    years: Annotated[
        int, typer.Option(min=1, help="Normal years that tell how tags go together.")
    ] = 1,
    seed: Annotated[int, typer.Option(min=0, help="Of the weeks and of the training.")] = 20261129,
    classifier: Annotated[
        str, typer.Option(help="What learns: trees, or perceptron, a small network.")
    ] = "trees",
    force: Force = False,
) -> None:
    """Train `supervised` on simulated weeks under attack, without a row of any record.

    Then judge it with `hydrotwin batadal --data DIR --detectors FILE`.
    """
    from rich.console import Console

    from detector import DataError
    from scenarios.definition.scenario import Scenario
    from scenarios.experiments.attacked_weeks import attacked_weeks
    from scenarios.experiments.benchmark import normal_masked
    from scenarios.experiments.classifiers import CLASSIFIERS
    from scenarios.experiments.supervised import (
        FIGURES_SHOWN,
        PARTS,
        features,
        masked_path,
        train,
    )

    if classifier not in CLASSIFIERS:
        raise DataError(f"--classifier {classifier}: it is one of {', '.join(CLASSIFIERS)}.")
    check_free(out, out.with_suffix(".json"), masked_path(out), force=force)
    spec = Scenario(name="record").plant_spec()
    with share_bar() as move:
        masked = normal_masked(years, lambda share: move("normal years", share))
        drawn, known = [], []
        for week in attacked_weeks(spec, weeks, seed):
            drawn.append(week)
            known.append(features(spec, week.table, week.start, masked))
            move("attacked weeks", len(drawn) / weeks)
        done: list[str] = []
        count = PARTS + len({week.family for week in drawn}) + 1

        def on_part(part: str) -> None:
            move(part, len(done) / count)
            done.append(part)

        trained = train(drawn, known, seed, classifier, on_part)
        move("all", 1.0)
    trained.about["command"] = (
        f"hydrotwin batadal supervise --out {out} --weeks {weeks} --years {years} --seed {seed} "
        f"--classifier {classifier}"
    )
    trained.save(out, masked)
    console = Console()
    table = figures_table(["left out", *FIGURES_SHOWN.values()], box=None)
    rows = {"weeks by turns": trained.about["held_out"], **trained.about["families_left_out"]}
    for name, found in rows.items():
        table.add_row(name, *(f"{found[key]:.3f}" for key in FIGURES_SHOWN))
    console.print(table)
    console.print(
        f"threshold {trained.threshold:.4f}, set on weeks by turns left out; wrote {out}",
        highlight=False,
    )

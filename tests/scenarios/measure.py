"""What is written into the project by measuring it: `make library` does so anew.

Each library scenario's header says what its attack does to the water; scenarios/README.md lists the
columns of a run's tables; the schemas are what editors complete scenarios and plcs.yaml by.
"""

import re
import textwrap
from pathlib import Path

import scenarios
from scenarios.definition import json_schema, schema
from scenarios.report.account import account
from scenarios.results import tables
from scenarios.sweeps.table import attributes
from twin.files import SCHEMA_LINE
from twin.plants import schema as plcs

README = Path(__file__).parents[2] / "scenarios" / "README.md"
TABLE = "| table | column | type | unit | meaning |"
RESULTS = "| table | column | type | unit | default | meaning |"
MARK = "# The water, as measured with seed 0:"


def measured(scenario):
    """Return the header's lines on a scenario: what its run's account says of the water."""
    run = scenarios.run(scenario, seed=0, watch=False)
    (water,) = [section.lines for section in account(run) if section.title == "The water"]
    return (
        textwrap.fill(
            " ".join(water),
            width=99,
            initial_indent=f"{MARK} ",
            subsequent_indent="#   ",
            break_on_hyphens=False,
        )
        + "\n"
    )


def stated(text):
    """Return the same lines as a file has them; empty where it has none."""
    found = re.search(rf"^{re.escape(MARK)}.*\n(?:#   .*\n)*", text, re.M)
    return found[0] if found else ""


def rewrite(path: Path) -> None:
    """Measure a scenario and write what was found into its header."""
    text = path.read_text(encoding="utf-8")
    if not text.startswith(SCHEMA_LINE):
        text = f"{SCHEMA_LINE}{json_schema.PATH.name}\n{text}"
    lines = measured(schema.load(path))
    if stated(text):
        text = text.replace(stated(text), lines)
    else:
        text = re.sub(r"\A((?:#.*\n)*)", lambda head: head[1] + lines, text)
    path.write_text(text, encoding="utf-8")


def columns_table():
    """Return the columns of a run's tables as scenarios/README.md shows them."""
    rows = [TABLE, "|---|---|---|---|---|"]
    for table, name, kind, unit, meaning in tables.columns():
        if table != "paired":  # those of truth
            rows.append(f"| {table} | `{name}` | {kind} | {unit} | {meaning} |")
    return "\n".join(rows) + "\n"


def results_table():
    """Return the columns of a sweep's tables as scenarios/README.md shows them."""
    rows = [RESULTS, "|---|---|---|---|---|---|"]
    for each in (*attributes(), *attributes("timings")):
        name = f"`{each.name}`"
        cells = (each.table, name, each.type, each.unit, each.default, each.description)
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows) + "\n"


if __name__ == "__main__":
    plcs.PATH.write_text(plcs.text(), encoding="utf-8")
    page = README.read_text(encoding="utf-8")
    page = re.sub(rf"{re.escape(TABLE)}\n(?:\|.*\n)*", lambda _: columns_table(), page)
    page = re.sub(rf"{re.escape(RESULTS)}\n(?:\|.*\n)*", lambda _: results_table(), page)
    README.write_text(page, encoding="utf-8")
    json_schema.PATH.write_text(json_schema.text(), encoding="utf-8")
    for name in schema.library():
        rewrite(schema.path_of(name))

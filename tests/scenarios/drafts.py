"""How far drafts are from their EPANET files: `make drafts` measures it for twin/README.md.

WNTR's networks and C-Town; name EPANET files to see those instead.
"""

import re
import sys
import tempfile
import time
from pathlib import Path

import wntr

from twin.drafting.draft import draft
from twin.plants.spec import PLANTS

README = Path(__file__).parents[2] / "twin" / "README.md"
LIBRARY = Path(wntr.__file__).parent / "library" / "networks"
FILES = [
    *(LIBRARY / f"{name}.inp" for name in ("Net1", "Net2", "Net3", "Net6", "ky4", "ky10")),
    PLANTS / "ctown" / "network.inp",
]
HEAD = "| drafted from | tanks, pumps | levels apart, at most | running times apart, at most | EPANET from itself, at half the step | seconds |"  # noqa: E501


def row(file):
    """Draft a plant and return its line of the table."""
    name = "C-Town" if file.name == "network.inp" else file.stem
    with tempfile.TemporaryDirectory() as folder:
        begin = time.perf_counter()
        proof = draft(file, Path(folder) / "plant").proof
        took = time.perf_counter() - begin
    if proof.failure:
        return f"| {name} | | {proof.failure} | | | {took:.0f} |"
    apart = max((tank.apart_m for tank in proof.tanks), default=0.0)
    itself = max((tank.epanet_itself_m for tank in proof.tanks), default=0.0)
    hours = max((abs(pump.plant_h - pump.epanet_h) for pump in proof.pumps), default=0.0)
    mark = "" if proof.holds else "**"
    cells = [
        f"{name}",
        f"{len(proof.tanks)}, {len(proof.pumps)}",
        f"{mark}{apart * 1000:.1f} mm{mark}",
        f"{hours * 60:.0f} min",
        f"{itself * 1000:.1f} mm",
        f"{took:.0f}",
    ]
    return f"| {' | '.join(cells)} |"


def table(files):
    """Return the table's lines, one by one as they are measured."""
    yield HEAD
    yield "|---|---|---|---|---|---|"
    for file in files:
        yield row(file)


if __name__ == "__main__":
    lines = []
    for line in table([Path(name) for name in sys.argv[1:]] or FILES):
        print(line, flush=True)
        lines.append(line)
    if not sys.argv[1:]:
        page = README.read_text(encoding="utf-8")
        measured = "\n".join(lines) + "\n"
        page = re.sub(rf"{re.escape(HEAD)}\n(?:\|.*\n)*", lambda _: measured, page)
        README.write_text(page, encoding="utf-8")

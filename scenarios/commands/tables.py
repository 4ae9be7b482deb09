"""What commands print: rows, for people or for programs, and warnings."""

from __future__ import annotations

import json
import sys
from typing import Any


def warn(what: str) -> None:
    """Say on stderr what the user should know beside the result."""
    sys.stderr.write(f"warning: {what}\n")


def print_json(data: Any) -> None:
    """Print data as JSON and nothing else."""
    sys.stdout.write(json.dumps(data, indent=2, ensure_ascii=False) + "\n")


def print_table(heads: dict[str, str], rows: list[dict[str, Any]], as_json: bool) -> None:
    """Print rows as a table whose keys have these heads, or as a JSON list of objects."""
    if as_json:
        print_json(rows)
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(*heads.values(), box=None, pad_edge=False)
    for row in rows:
        table.add_row(*(row[key] for key in heads))
    Console().print(table)

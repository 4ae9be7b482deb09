"""Tables of facts that pages show."""

from __future__ import annotations

from typing import Any

from nicegui import ui


def table(rows_a_page: int = 0, **heads: str) -> ui.table:
    """Return an empty table.

    Parameters
    ----------
    rows_a_page : int, default 0
        0 for all on one.
    **heads
        The head of each column, by its name in the rows; a row also has an `id`.
    """
    columns: list[dict[str, Any]] = [
        {"name": n, "field": n, "label": head, "align": "left"} for n, head in heads.items()
    ]
    made = ui.table(columns=columns, rows=[], pagination=rows_a_page).classes("w-full")
    made.add_slot("no-data", "None.")
    return made.props("dense flat wrap-cells" + ("" if rows_a_page else " hide-pagination"))


def show(made: ui.table, rows: list[dict[str, Any]]) -> None:
    """Show other rows, if they are others."""
    if made.rows != rows:
        made.rows[:] = rows
        made.update()

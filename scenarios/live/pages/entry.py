"""How one enters the room: name, role, and a password where one is needed."""

from __future__ import annotations

from nicegui import ui

from scenarios.live.shared import Room
from scenarios.live.users import ROLES, Visitor
from twin.errors import InputError


def entry_form(room: Room, visitor: Visitor) -> None:
    """Show the fields of whoever enters, and let them in."""
    name = ui.input("Name, for the audit log", value=visitor.name).props("outlined dense")
    role = ui.select(list(ROLES), value=visitor.role, label="Role").props("outlined dense")
    needs = room.door.guarded and not visitor.entered
    password = ui.input("Password", password=True).props("outlined dense")
    password.visible = needs
    teacher = ui.input("Teacher's password, if you have it", password=True)
    teacher.props("outlined dense").visible = room.door.has_teacher and not visitor.teacher

    def enter() -> None:
        try:
            room.door.enter(visitor, str(name.value), str(role.value), str(password.value))
            if teacher.value:
                room.door.teach(visitor, str(teacher.value))
        except InputError as error:
            ui.notify(str(error), type="negative")
            return
        ui.navigate.to("/")

    ui.button("Enter", on_click=enter).props("no-caps color=primary")


def who_dialog(room: Room, visitor: Visitor) -> ui.dialog:
    """Return the dialog in which one changes name and role."""
    with ui.dialog() as dialog, ui.card().classes("card"):
        ui.label("Who you are, and what you may do").classes("text-weight-bold")
        ui.label(
            "view: look. operate: acknowledge, shelve, command within alarm limits. "
            "engineer: beyond them, and the plant's speed."
        ).classes("note")
        entry_form(room, visitor)
    return dialog


def entry_page(room: Room, visitor: Visitor) -> None:
    """Fill the page of a visitor who has not entered yet."""
    ui.page_title("Enter the control room")
    ui.colors(primary="#37474f")
    with ui.column().classes("room").props('role="main"'), ui.column().classes("card"):
        ui.label("Control room").classes("text-weight-bold")
        entry_form(room, visitor)

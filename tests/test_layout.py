"""What import-linter cannot see of the layout: imports made by name, docstrings, the tests."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("twin", "attacks", "detector", "scenarios")
FILES = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
BY_NAME = {
    ("attacks/discovery.py", "f'attacks.kinds.{module.name}'"),
    ("detector/registry.py", "SHIPPED[kind]"),
    ("scenarios/__init__.py", "_HOMES[name]"),
}
"""Where a module is imported by its name: each goes down, to what its own file names."""


def imports_by_name():
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(
                ("import_module", "__import__")
            ):
                yield path.relative_to(ROOT).as_posix(), ast.unparse(node.args[0])


def test_nothing_else_is_imported_by_name():
    assert set(imports_by_name()) == BY_NAME


@pytest.mark.parametrize("package", PACKAGES)
def test_every_folder_says_what_lives_there(package):
    for folder in {path.parent for path in FILES if path.is_relative_to(ROOT / package)}:
        doc = ast.get_docstring(ast.parse((folder / "__init__.py").read_text(encoding="utf-8")))
        assert doc, folder


@pytest.mark.parametrize("package", PACKAGES)
def test_tests_mirror_the_folders(package):
    ours = {path.parent.relative_to(ROOT) for path in FILES}
    theirs = {
        path.parent.relative_to(ROOT / "tests") for path in (ROOT / "tests").rglob("test_*.py")
    }
    extra = {folder for folder in theirs if folder.parts[:1] == (package,)} - ours
    assert not extra

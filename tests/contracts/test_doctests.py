"""The examples in the docstrings give what they say."""

import doctest
import importlib
import pkgutil

import pytest

PACKAGES = ("twin", "attacks", "detector", "scenarios")


def modules():
    for name in PACKAGES:
        package = importlib.import_module(name)
        yield name
        for module in pkgutil.walk_packages(package.__path__, f"{name}."):
            yield module.name


@pytest.mark.parametrize("name", sorted(modules()))
def test_examples_hold(name):
    failed, _ = doctest.testmod(importlib.import_module(name))
    assert failed == 0

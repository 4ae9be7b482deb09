"""Attacks: the kinds there are, and entries that say where and when one acts.

>>> from attacks import Attack, Unit, register
"""

from attacks.annotations import Unit
from attacks.attack import Attack
from attacks.registry import register

__all__ = ["Attack", "Unit", "register"]

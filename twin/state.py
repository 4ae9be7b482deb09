"""A state: what a part of the testbed must know to go on, as plain values.

Numbers, words, lists and dicts with words as keys, as JSON has them. What a part
can make anew from the plant, the seed and the time is not in it.
"""

from __future__ import annotations

from typing import Any

State = dict[str, Any]

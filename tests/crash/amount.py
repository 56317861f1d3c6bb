"""How much is tried: a little of each kind with all the other tests, everything with `make crash`."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TypeVar

T = TypeVar("T")

FULL = os.environ.get("CUTOVER_TEST_MATRIX") == "full"


def some(every: Iterable[T], few: Iterable[T]) -> list[T]:
    """Every one of them, or those few where everything would take too long."""
    return list(every if FULL else few)

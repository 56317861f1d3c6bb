"""Every named point at which a run can be killed: those of the step kinds, of the engine and of the journal."""

from __future__ import annotations

import importlib
import pkgutil

import cutover.steps
from cutover.engine import POINTS as ENGINE_POINTS
from cutover.journal.store import POINTS as JOURNAL_POINTS


def of_the_steps() -> list[str]:
    """Every point that a step kind names, from the kinds themselves."""
    found: list[str] = []
    for module in pkgutil.iter_modules(cutover.steps.__path__):
        found += getattr(importlib.import_module(f"cutover.steps.{module.name}"), "POINTS", ())
    return found


def on_the_way_back(point: str) -> bool:
    return "undo" in point or "rollback" in point


POINTS = sorted({*of_the_steps(), *ENGINE_POINTS})
FORWARD = [*(point for point in POINTS if not on_the_way_back(point)), *JOURNAL_POINTS]
BACK = [point for point in POINTS if on_the_way_back(point)]

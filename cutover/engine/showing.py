"""
What Prefect shows beside the tasks: the plan, and the facts of a step as tables. Views only.

Works on any facts by their shape; no step kind is known here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cutover.contract import Observer
from cutover.engine.ports import Assignment
from cutover.model.outcome import Facts
from cutover.words import counted


def show_plan(observer: Observer, assignment: Assignment, planned: Mapping[str, Mapping[str, Any]]) -> None:
    """The runbook as a table: what each step does, its undo, and how long it should take."""
    rows = [
        {
            "step": spec.id,
            "phase": spec.phase,
            "does": step.says(),
            "by": spec.by,
            "way back": _way_back(point=spec.point_of_no_return, effects=step.effects, undoable=step.undoable()),
            "planned": _seconds(planned.get(spec.id, {}).get("ms")),
        }
        for spec, step in assignment.steps
    ]
    steps = f"{counted(len(rows), 'step')} in `{assignment.environment.name}`"
    heading = f"# {assignment.runbook.name}\n\n{steps}, run `{assignment.run}`"
    observer.artifact("plan", markdown=heading, table=rows, description="what this run will do")


def show_facts(observer: Observer, step_id: str, facts: Facts) -> None:
    """Every list of objects in the facts as a table, the rest as one document."""
    for name, rows in _tables(facts):
        observer.artifact(f"{step_id}-{name}", table=rows, description=f"{name} of {step_id}")
    plain = {name: value for name, value in facts.items() if not isinstance(value, (list, tuple, Mapping))}
    if plain:
        lines = [f"* {name.replace('_', ' ')}: `{value}`" for name, value in plain.items()]
        observer.artifact(step_id, markdown="\n".join(lines), description=f"result of {step_id}")


def _tables(facts: Facts) -> Iterator[tuple[str, list[dict[str, str]]]]:
    for name, value in facts.items():
        rows = _named(value) if isinstance(value, Mapping) else value
        if isinstance(rows, (list, tuple)) and rows and all(isinstance(one, Mapping) for one in rows):
            yield name, [_flat(one) for one in rows]


def _named(value: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"name": key, **one} for key, one in value.items() if isinstance(one, Mapping)]


def _flat(row: Mapping[str, Any]) -> dict[str, str]:
    flat: dict[str, str] = {}
    for name, value in row.items():
        if isinstance(value, Mapping):
            flat |= {f"{name} {key}": _text(one) for key, one in value.items()}
        else:
            flat[name] = _text(value)
    return flat


def _text(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {one}" for key, one in value.items())
    if isinstance(value, (list, tuple)):
        return "; ".join(_text(one) for one in value)
    return "" if value is None else str(value)


def _way_back(*, point: bool, effects: bool, undoable: bool) -> str:
    if point:
        return "none: point of no return"
    if not effects:
        return "reads only"
    return "undo" if undoable else "none"


def _seconds(ms: int | None) -> str:
    return "" if ms is None else f"{ms / 1000:.1f} s"

"""
The part of a step that belongs to its kind: which key it is, and what stands under it, typed by the kind's class.

Works on the tree as written, so that the fields of every step are looked at even when something else in
the runbook is wrong.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic import BaseModel

from cutover.project import own_steps
from cutover.project.own_steps import Around
from cutover.project.placeholders import filled_in
from cutover.project.problems import Origin, Problem, suggestion
from cutover.project.schema_runbook import keys_of_a_step
from cutover.project.step_kinds import Kinds
from cutover.project.typed import lenient_readings, typed
from cutover.project.yaml_text import Items, Node, Table, Text, plain


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """The fields of one step: its kind, the plain text as `StepSpec` keeps it, and the same as the kind's class."""

    kind: str
    plain: dict[str, Any]
    made: BaseModel
    own: Mapping[str, str] = field(default_factory=dict)  # steps of its snippet or wave: as written -> id


def phases_of(tree: Table) -> list[tuple[Table, list[Table]]]:
    """The phases as written, each with its steps; what is not of that shape is left out (the schema says so)."""
    phases = tree.entries.get("phases")
    found = [one for one in phases.items if isinstance(one, Table)] if isinstance(phases, Items) else []
    return [(phase, _steps(phase)) for phase in found]


def _steps(phase: Table) -> list[Table]:
    steps = phase.entries.get("steps")
    return [one for one in steps.items if isinstance(one, Table)] if isinstance(steps, Items) else []


def with_empty_kinds(tree: Table, kinds: Kinds) -> Table:
    """`copy:` with nothing under it means `copy: {}`: a kind whose fields all have defaults."""

    def of_step(step: Node) -> Node:
        if not isinstance(step, Table):
            return step
        entries = {key: _emptied(value) if key in kinds else value for key, value in step.entries.items()}
        return replace(step, entries=entries)

    def of_phase(phase: Node) -> Node:
        return _changed(phase, "steps", of_step)

    changed = _changed(tree, "phases", of_phase)
    assert isinstance(changed, Table)
    return changed


def _changed(node: Node, key: str, change: Any) -> Node:
    """The tree with `change` applied to every entry of the list under `key`."""
    listed = node.entries.get(key) if isinstance(node, Table) else None
    if not isinstance(node, Table) or not isinstance(listed, Items):
        return node
    items = Items(tuple(change(item) for item in listed.items), listed.line)
    return replace(node, entries={**node.entries, key: items})


def _emptied(value: Node) -> Node:
    return Table({}, {}, value.line) if isinstance(value, Text) and value.bare else value


def name_of(step: Table) -> str:
    """The id as written; empty when there is none."""
    name = step.entries.get("step")
    return name.value if isinstance(name, Text) else ""


def kind_of(step: Table, kinds: Kinds) -> str | None:
    """The kind of a step that says exactly one."""
    named = [key for key in step.entries if key in kinds]
    return named[0] if len(named) == 1 else None


def wrong_keys(step: Table, kinds: Kinds, origin: Origin) -> Iterator[Problem]:
    """Keys that are neither common to all steps nor a kind, and a step that says no kind or several."""
    common, way = keys_of_a_step(), f"step {name_of(step)!r}"
    unknown = [key for key in step.entries if key not in common and key not in kinds]
    named = [key for key in step.entries if key in kinds]
    for key in unknown:
        hint = suggestion(key, [*common, *kinds], called="keys and kinds")
        yield origin.problem(step.lines[key], f"{way}: key {key!r} is not known", hint)
    if not named and not unknown:
        hint = f"write one of {', '.join(sorted(kinds))}"
        yield origin.problem(step.line, f"{way}: no key says what kind of step it is", hint)
    if len(named) > 1:
        says = f"{way}: several keys name its kind: {', '.join(named)}"
        yield origin.problem(step.lines[named[1]], says, "make a step of each")


def fill(
    step: Table, kinds: Kinds, origin: Origin, values: Mapping[str, str], around: Around | None = None
) -> tuple[Filled | None, Sequence[Problem]]:
    """
    The fields of a step's kind with `values` for the words in braces, and what is wrong.

    None when they cannot be made or have no kind. With what is `around` it, names of its own steps are their ids.
    """
    kind = kind_of(step, kinds)
    if kind is None:
        return None, ()
    node = filled_in(step.entries[kind], values)
    way = f"step {name_of(step)!r}: {kind}"
    if not isinstance(node, Table):
        says = f"{way}: keys with values must stand here"
        return None, [origin.problem(step.lines[kind], says, _keys_hint(kinds[kind]))]
    node = replace(node, origin=origin)
    made, problems = typed(kinds[kind], node, origin.file, under=way)
    if made is None:
        return None, problems
    problems += lenient_readings(made, node, origin.file, under=way)
    if around is None:
        return Filled(kind=kind, plain=plain(node), made=made), problems
    node, own = own_steps.found(node, kinds[kind], made, around)
    again = typed(kinds[kind], node, origin.file)[0] if own else None
    return Filled(kind=kind, plain=plain(node), made=again or made, own=own), problems


def _keys_hint(kind: type[BaseModel]) -> str:
    return f"known keys: {', '.join(field.alias or name for name, field in kind.model_fields.items())}"

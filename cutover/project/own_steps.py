"""
A field that names a step of its own snippet or its own wave finds it by the id that is written there, as `after` does.

Which texts of a step are such names is not guessed: a text is one when the step rests on another step with another text
in its place.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace

from pydantic import BaseModel

from cutover.model.runbook import Wave
from cutover.project.problems import Origin
from cutover.project.step_kinds import meaning_of
from cutover.project.typed import typed
from cutover.project.yaml_text import Items, Node, Table, Text

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """Where a step stands, and the ids of all steps of its runbook."""

    origin: Origin
    wave: Wave | None
    ids: Collection[str]

    def called(self, name: str) -> str:
        """The id of the step that is written `name`, its own snippet and wave before all others."""
        prefix, suffix = self.origin.prefix, f"-{self.wave.name}" if self.wave else ""
        for one in dict.fromkeys((f"{prefix}{name}{suffix}", f"{prefix}{name}", f"{name}{suffix}")):
            if one in self.ids:
                return one
        return name


def found(fields: Table, kind: type[BaseModel], made: BaseModel, around: Around) -> tuple[Table, Mapping[str, str]]:
    """The fields with the ids of steps in them, and what was replaced: as written -> id."""
    names = {name: around.called(name) for name in meaning_of(made).references().steps}
    names = {name: called for name, called in names.items() if name != called}
    for name, called in names.items():
        for path in list(_texts(fields, name)):
            other = _with(fields, path, called)
            if _rests_on(kind, other) != _rests_on(kind, fields):
                fields = other
    return fields, names


def _rests_on(kind: type[BaseModel], fields: Table) -> tuple[str, ...]:
    made, _ = typed(kind, fields, "")
    return () if made is None else tuple(meaning_of(made).references().steps)


def _texts(node: Node, value: str, at: Path = ()) -> Iterator[Path]:
    match node:
        case Text() if node.value == value:
            yield at
        case Items():
            for index, item in enumerate(node.items):
                yield from _texts(item, value, (*at, index))
        case Table():
            for key, inner in node.entries.items():
                yield from _texts(inner, value, (*at, key))


def _with(table: Table, path: Path, value: str) -> Table:
    changed = _changed(table, path, value)
    assert isinstance(changed, Table)
    return changed


def _changed(node: Node, path: Path, value: str) -> Node:
    match node:
        case Text():
            return replace(node, value=value)
        case Items():
            items = [
                _changed(item, path[1:], value) if index == path[0] else item for index, item in enumerate(node.items)
            ]
            return replace(node, items=tuple(items))
        case Table():
            key = str(path[0])
            return replace(node, entries={**node.entries, key: _changed(node.entries[key], path[1:], value)})

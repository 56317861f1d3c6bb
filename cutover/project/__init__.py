"""
The files of a project: `cutover.yaml`, runbooks, snippets and migrations as text, and what they mean.

Reads text and gives model values; touches no database. This is the public face; what is behind it may move. A part is
imported when it is first used: whoever only asks where a run stands does not wait for the grammar of runbooks.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from cutover.project.digesting import Digests, digests, step_digests
    from cutover.project.editor_schema import json_schema
    from cutover.project.linting import lint
    from cutover.project.loading_migration import load_migrations
    from cutover.project.loading_project import load_project
    from cutover.project.loading_runbook import load_runbook
    from cutover.project.problems import Problem, WrongFile
    from cutover.project.reading_aloud import read_aloud
    from cutover.project.template import init
    from cutover.project.urls import resolve_url
    from cutover.project.variables import differences as variable_differences

__all__ = [
    "Digests",
    "Problem",
    "WrongFile",
    "digests",
    "init",
    "json_schema",
    "lint",
    "load_migrations",
    "load_project",
    "load_runbook",
    "read_aloud",
    "resolve_url",
    "step_digests",
    "variable_differences",
]

#: Name -> its module, and its name there.
_PARTS: Final = {
    "Digests": ("digesting", "Digests"),
    "Problem": ("problems", "Problem"),
    "WrongFile": ("problems", "WrongFile"),
    "digests": ("digesting", "digests"),
    "init": ("template", "init"),
    "json_schema": ("editor_schema", "json_schema"),
    "lint": ("linting", "lint"),
    "load_migrations": ("loading_migration", "load_migrations"),
    "load_project": ("loading_project", "load_project"),
    "load_runbook": ("loading_runbook", "load_runbook"),
    "read_aloud": ("reading_aloud", "read_aloud"),
    "resolve_url": ("urls", "resolve_url"),
    "step_digests": ("digesting", "step_digests"),
    "variable_differences": ("variables", "differences"),
}


def __getattr__(name: str) -> Any:
    """The part of that name, imported now."""
    if name not in _PARTS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, known_as = _PARTS[name]
    return getattr(import_module(f"{__name__}.{module}"), known_as)

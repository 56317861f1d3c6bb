"""
The files of a project: `cutover.yaml`, runbooks and migrations as text, and what they mean.

Reads text and gives model values; touches no database. This is the public face; what is behind it may move.
"""

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
]

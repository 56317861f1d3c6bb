"""
Digests of everything that will run: of the bytes, and of the meaning without comments and layout.

A rehearsal counts for a go-live when the semantic digests are equal. Covered are the runbook with its variables and
overrides, every snippet that it includes, all of `migrations/` and `validators/`, and every file that a step names. Not
`cutover.yaml`, which differs from environment to environment on purpose (the values of variables are recorded with the
run instead), and not `flows/`, which only start runs.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cutover.content import digest, digest_bytes
from cutover.errors import WrongInput
from cutover.model.project import Project
from cutover.model.runbook import Runbook
from cutover.project import places, python_meaning, sql_meaning
from cutover.project.problems import Problem, WrongFile
from cutover.project.step_kinds import Kinds, meaning_of
from cutover.project.yaml_text import parse, plain


@dataclass(frozen=True, slots=True, kw_only=True)
class Digests:
    """Of all files together, and of each: path -> (raw, semantic)."""

    raw: str
    semantic: str
    files: Mapping[str, tuple[str, str]]


def digests(project: Project, runbook: Runbook, kinds: Kinds) -> Digests:
    """The digests of what a run of `runbook` would carry out now. Raises WrongInput for a file that cannot be read."""
    found = {places.shown(project.content, path): path for path in _files(project, runbook, kinds)}
    files = {shown: digests_of(_bytes(path, shown), path.suffix) for shown, path in sorted(found.items())}
    return Digests(
        raw=digest({shown: raw for shown, (raw, _) in files.items()}),
        semantic=digest({shown: semantic for shown, (_, semantic) in files.items()}),
        files=files,
    )


def step_digests(runbook: Runbook) -> Mapping[str, str]:
    """Step id -> digest of the step as written, in running order: the same in every environment."""
    return {step.id: step.digest for step in runbook.steps}


def digests_of(data: bytes, ending: str) -> tuple[str, str]:
    """The raw and the semantic digest of the same bytes; what is not understood counts by its bytes."""
    raw = digest_bytes(data)
    try:
        return raw, digest(_meaning(data, ending))
    except (_NotUnderstood, UnicodeError, SyntaxError, ValueError, RecursionError, MemoryError):
        return raw, raw


class _NotUnderstood(Exception):
    """A file whose text could be read in more than one way, or whose ending says nothing."""


def _meaning(data: bytes, ending: str) -> Any:
    match ending.lower():
        case ".yaml" | ".yml":
            return _yaml_meaning(data.decode("utf-8-sig"))
        case ".sql":
            return sql_meaning.meaning(data.decode("utf-8"))
        case ".py":
            return python_meaning.meaning(data)
        case ".json":
            return _json_meaning(data)
        case _:
            raise _NotUnderstood


def _yaml_meaning(text: str) -> Any:
    problems: list[Problem] = []
    try:
        tree = parse(text, "", problems)
    except WrongFile as error:
        raise _NotUnderstood from error
    if problems:
        raise _NotUnderstood
    return plain(tree)


def _json_meaning(data: bytes) -> Any:
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(dict(pairs)) != len(pairs):
            raise _NotUnderstood
        return dict(pairs)

    # Numbers stay as they are written: 1.10 is not 1.1 to everybody who reads the file.
    return json.loads(data, object_pairs_hook=once, parse_float=_number, parse_int=_number, parse_constant=_number)


def _number(text: str) -> list[str]:
    return ["number", text]


def _bytes(path: Path, shown: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        said = (error.strerror or "it is not readable").lower()
        raise WrongInput(
            f"file {shown!r} cannot be read: {said}", hint="everything that runs must be readable"
        ) from None


def _files(project: Project, runbook: Runbook, kinds: Kinds) -> Iterator[Path]:
    yield runbook.path
    yield from runbook.snippets
    for folder in (places.MIGRATIONS, places.VALIDATORS):
        yield from places.files_below(project.content, folder, ".yaml", ".yml", ".sql", ".py", ".json")
    for step in runbook.steps:
        named = meaning_of(kinds[step.kind].model_validate(dict(step.fields))).references()
        yield from (project.content / file for file in named.files)

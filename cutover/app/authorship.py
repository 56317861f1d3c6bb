"""
What changed since the last rehearsal, and who wrote it: from the digests, and from git where the project lies in one.

Asked once, when a run is made, and kept in its first event: who may approve it does not change under it.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from cutover.model.project import Project
from cutover.model.rehearsal import Rehearsal
from cutover.project import Digests

_SECONDS = 20
_BETWEEN, _AUTHOR = "\x1f", "\x1e"


@dataclass(frozen=True, slots=True, kw_only=True)
class Since:
    """What is not as in the last rehearsal of the same runbook."""

    rehearsal: str = ""  # its run; empty: it was never rehearsed
    began: datetime | None = None
    files: tuple[str, ...] = ()  # with another meaning
    layout: tuple[str, ...] = ()  # with other bytes, and the same meaning
    steps: tuple[str, ...] = ()

    def plain(self) -> dict[str, Any]:
        """For the run's first event."""
        return {
            "rehearsal": self.rehearsal,
            "files": list(self.files),
            "layout": list(self.layout),
            "steps": list(self.steps),
        }


@dataclass(slots=True)
class _Author:
    name: str
    mail: str = ""
    files: list[str] = field(default_factory=list)


def since_last(runbook: str, digests: Digests, steps: Mapping[str, str], rehearsals: Sequence[Rehearsal]) -> Since:
    """What changed since the last rehearsal of that runbook that has ended; everything when there is none."""
    mine = [past for past in rehearsals if past.runbook == runbook]
    if not mine:
        return Since(files=tuple(digests.files), steps=tuple(steps))
    last = max(mine, key=lambda past: past.ended)
    names = sorted({*digests.files, *last.files})
    now, before = digests.files, last.files
    other = [name for name in names if now.get(name, ("", ""))[1] != before.get(name, ("", ""))[1]]
    bytes_only = [name for name in names if name not in other and now[name][0] != before[name][0]]
    return Since(
        rehearsal=last.run,
        began=last.started,
        files=tuple(other),
        layout=tuple(bytes_only),
        steps=tuple(name for name in {**last.steps, **steps} if steps.get(name) != last.steps.get(name)),
    )


def authors(project: Project, since: Since) -> list[dict[str, Any]]:
    """
    Who wrote what changed: `[{person, name, mail, files}]`, `person` where the project's contacts know the mail.

    Outside of git, or for what is not committed yet, those whom `author:` in `cutover.yaml` names.
    """
    changed = [*since.files, *since.layout]
    if not changed:
        return []
    told = _git(project.root, "rev-parse", "--show-prefix")
    found = {} if told is None else _committed(project.root, changed, since.began)
    uncommitted = changed if told is None else _dirty(project.root, changed)
    written = [_plain(project, author) for author in found.values()]
    if uncommitted:
        written += [{"person": one, "name": "", "mail": "", "files": sorted(uncommitted)} for one in project.author]
    return written


def _committed(root: Path, changed: Sequence[str], began: datetime | None) -> dict[str, _Author]:
    """Authors of the commits since then; of a file without any, the author of its last one."""
    found: dict[str, _Author] = {}
    seen: set[str] = set()
    if began is not None:
        seen |= set(_log(root, changed, found, f"--since={began.isoformat()}"))
    for name in changed:
        if name not in seen and began is not None:
            list(_log(root, [name], found, "-1"))
    if began is None:
        list(_log(root, changed, found))
    return found


def _log(root: Path, changed: Sequence[str], found: dict[str, _Author], *words: str) -> Iterator[str]:
    shape = f"--format={_AUTHOR}%aN{_BETWEEN}%aE"
    told = _git(root, "log", *words, shape, "--name-only", "--relative", "--no-renames", "--", *changed)
    for entry in (told or "").split(_AUTHOR)[1:]:
        head, *files = [line for line in entry.splitlines() if line.strip()]
        name, _, mail = head.partition(_BETWEEN)
        author = found.setdefault(f"{name} {mail}", _Author(name=name, mail=mail))
        author.files += [file for file in files if file not in author.files]
        yield from files


def _dirty(root: Path, changed: Sequence[str]) -> list[str]:
    """Files with changes that no commit has."""
    told = _git(root, "-c", "core.quotePath=false", "status", "--porcelain", "-uall", "--", *changed)
    dirty = [line[3:].strip().strip('"') for line in (told or "").splitlines()]
    return [name for name in changed if any(one == name or one.endswith(f"/{name}") for one in dirty)]


def _plain(project: Project, author: _Author) -> dict[str, Any]:
    by_mail = {contact.mail.lower(): person for person, contact in project.contacts.items() if contact.mail}
    person = by_mail.get(author.mail.lower(), "") or author.mail.partition("@")[0]
    return {"person": person, "name": author.name, "mail": author.mail, "files": sorted(author.files)}


def _git(root: Path, *words: str) -> str | None:
    """What git says, None when it is not there, the folder is no checkout, or it fails."""
    command = ["git", "-C", str(root), *words]
    try:
        ended = subprocess.run(
            command, capture_output=True, encoding="utf-8", errors="replace", timeout=_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return ended.stdout if ended.returncode == 0 else None

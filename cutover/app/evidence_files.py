"""Files that prove a manual step: copied into the run's folder, named by their digest, and compared again later."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cutover import durable
from cutover.app.workspace import Workspace
from cutover.errors import WrongInput
from cutover.redact import redact

_BLOCK = 1 << 20


def facts_of(file: Path) -> dict[str, Any]:
    """Name, digest and size of a file, and where the run keeps it; WrongInput when it cannot be read or is empty."""
    try:
        digest, size = _digest(file)
    except OSError as exc:
        raise WrongInput(
            f"file of evidence '{file}' cannot be read: {(exc.strerror or str(exc)).lower()}",
            hint="nothing was written",
        ) from None
    if not size:
        raise WrongInput(f"file of evidence '{file}' is empty", hint="an empty file proves nothing")
    name = redact(file.name)
    return {"name": name, "sha256": digest, "bytes": size, "kept": f"evidence/{digest[:16]}-{name}"}


def keep(workspace: Workspace, run: str, files: Sequence[Path]) -> None:
    """Copy every file into the run's folder, durably; one that is there already stays. WrongInput when it changed."""
    for file in files:
        facts = facts_of(file)
        target = folder_of(workspace, run) / str(facts["kept"])
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        coming = durable.beside(target, str(os.getpid()))
        durable.copy(file, coming)
        durable.sync(coming)
        if _digest(coming)[0] != facts["sha256"]:
            coming.unlink()
            raise WrongInput(f"file of evidence '{file}' changed while it was copied", hint="try again")
        durable.put_in_place(coming, target)


def problem_of(workspace: Workspace, run: str, facts: Mapping[str, Any]) -> str:
    """What is wrong with a kept file; empty when it is what was given."""
    file = folder_of(workspace, run) / str(facts.get("kept", ""))
    try:
        digest, _ = _digest(file)
    except OSError:
        return "the run's copy is not there any more"
    return "" if digest == facts.get("sha256") else "the run's copy is not what was given: its digest differs"


def folder_of(workspace: Workspace, run: str) -> Path:
    """The run's own folder."""
    return workspace.project.state / "runs" / run


def _digest(file: Path) -> tuple[str, int]:
    found, size = hashlib.sha256(), 0
    with file.open("rb") as stream:
        while block := stream.read(_BLOCK):
            found.update(block)
            size += len(block)
    return found.hexdigest(), size

"""
What is known of a backup: kept in the journal as facts, and beside the file for whoever finds it later.

The note beside the file (`….dump.json`) lets a DBA prove years later, with stock tools, that the file is the one
that was taken: name, size, SHA-256, and the fingerprints of what was in it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cutover.backup.refusals import NoBackup
from cutover.dataplane.fingerprint import Fingerprint

_READ_BYTES = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupFacts:
    """A backup that was taken. `tables` holds what stood in the database at the very moment of the backup."""

    database: str
    bytes: int
    sha256: str  # `sha256:` and 64 hexadecimal digits
    tables: Mapping[str, Fingerprint]

    def plain(self) -> dict[str, Any]:
        """The same as JSON values."""
        tables = {name: {"rows": print_.rows, "digest": print_.digest} for name, print_ in sorted(self.tables.items())}
        return {"database": self.database, "bytes": self.bytes, "sha256": self.sha256, "tables": tables}

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> BackupFacts:
        """From JSON values; KeyError, TypeError or ValueError when they are something else."""
        tables = {
            str(name): Fingerprint(rows=int(print_["rows"]), digest=str(print_["digest"]))
            for name, print_ in plain["tables"].items()
        }
        return cls(
            database=str(plain["database"]), bytes=int(plain["bytes"]), sha256=str(plain["sha256"]), tables=tables
        )


def note_of(file: Path) -> Path:
    """Where the note about a backup file is."""
    return file.with_name(f"{file.name}.json")


def note(file: Path, facts: BackupFacts) -> bytes:
    """The note about `file`, to be written beside it."""
    return json.dumps({"file": file.name, **facts.plain()}, indent=2, ensure_ascii=False).encode() + b"\n"


def read_note(file: Path) -> BackupFacts:
    """What the note beside `file` says; NoBackup when there is none that can be read."""
    try:
        return BackupFacts.of(json.loads(note_of(file).read_bytes()))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise NoBackup(
            f"the note beside backup '{file}' cannot be read: {type(error).__name__}", hint="take the backup again"
        ) from error


def prove_intact(file: Path, facts: BackupFacts) -> None:
    """Raise NoBackup when `file` is not, byte for byte, the backup that `facts` are about."""
    where, again = f"backup of {facts.database!r} in '{file}'", "take the backup again: nothing was proved"
    if not file.is_file():
        raise NoBackup(f"{where} is not there", hint=again)
    size = file.stat().st_size
    if size != facts.bytes:
        raise NoBackup(f"{where} has {size} bytes, and {facts.bytes} were written", hint=again)
    if sha256_of(file) != facts.sha256:
        raise NoBackup(f"{where} is not the file that was written: its SHA-256 is another", hint=again)


def sha256_of(file: Path) -> str:
    """`sha256:` and the hex digest of the file's bytes, read from the disk."""
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        while block := stream.read(_READ_BYTES):
            digest.update(block)
    return "sha256:" + digest.hexdigest()

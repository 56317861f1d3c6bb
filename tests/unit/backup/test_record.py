"""What is kept of a backup: the same from the journal and from the note beside the file, or refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cutover.backup.record import BackupFacts, note, note_of, prove_intact, read_note, sha256_of
from cutover.backup.refusals import NoBackup
from cutover.dataplane.fingerprint import Fingerprint

WORD = b"what was backed up"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "new.dump"
    file.write_bytes(WORD)
    return file


def facts_of(file: Path) -> BackupFacts:
    tables = {"t": Fingerprint(rows=2**70, digest="ab")}
    return BackupFacts(database="new", bytes=len(WORD), sha256=sha256_of(file), tables=tables)


def test_facts_come_back_as_they_were(file: Path) -> None:
    facts = facts_of(file)

    assert BackupFacts.of(json.loads(json.dumps(facts.plain()))) == facts


def test_the_note_comes_back_as_it_was(file: Path) -> None:
    note_of(file).write_bytes(note(file, facts_of(file)))

    assert note_of(file).name == "new.dump.json"
    assert read_note(file) == facts_of(file)


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b"null", b"\xff", b'{"tables": []}', b'{"tables": {"t": 1}}'])
def test_a_note_that_says_something_else_is_no_note(content: bytes, file: Path) -> None:
    note_of(file).write_bytes(content)

    with pytest.raises(NoBackup, match=r"the note beside backup '.*new\.dump' cannot be read"):
        read_note(file)


def test_without_a_note_there_is_no_backup(file: Path) -> None:
    with pytest.raises(NoBackup, match="FileNotFoundError"):
        read_note(file)


def test_an_intact_file_is_accepted(file: Path) -> None:
    facts = facts_of(file)
    prove_intact(file, facts)
    file.write_bytes(file.read_bytes() + b"x")
    with pytest.raises(NoBackup):
        prove_intact(file, facts)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (WORD[:-1], "has 17 bytes, and 18 were written"),
        (WORD[:-1] + b"q", "its SHA-256 is another"),
        (None, "is not there"),
    ],
)
def test_any_other_file_is_refused(content: bytes | None, says: str, file: Path) -> None:
    facts = facts_of(file)
    file.unlink()
    if content is not None:
        file.write_bytes(content)

    with pytest.raises(NoBackup, match=says) as told:
        prove_intact(file, facts)

    assert told.value.hint


def test_the_digest_is_the_one_of_stock_tools(file: Path) -> None:
    """`sha256sum new.dump` says the same."""
    assert sha256_of(file) == "sha256:bc847175383b163f8a7b8bf36976585741ca26351fa6234329ff7fe343b1e4d8"


@pytest.mark.parametrize("lost", ["database", "bytes", "sha256", "tables"])
def test_facts_of_another_step_are_not_taken_for_a_backup(lost: str, file: Path) -> None:
    plain: dict[str, Any] = facts_of(file).plain()
    del plain[lost]

    with pytest.raises(KeyError):
        BackupFacts.of(plain)

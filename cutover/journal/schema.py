"""
The journal's schema: which revision is there, brought forward by Alembic, refused when it is not ours.

Called when a journal is opened. Alembic itself is imported only when there is something to bring forward. All revisions
that a journal lacks are one transaction with the number they lead to, so a process that dies on the way leaves the
revision before.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa

from cutover import __version__
from cutover.errors import JournalNotWritable, WrongInput
from cutover.journal.tables import REVISION, VERSION

#: What this code knows, in order; the files are in `versions/`.
KNOWN: Final = ("0001", "0002")
CURRENT: Final = KNOWN[-1]
#: A journal from before Alembic: it has the tables of the first revision, and its number stands in a table of its own.
UNSTAMPED: Final = "unstamped"

_one_at_a_time = threading.Lock()  # Alembic keeps what it works on in its module


class NotAJournal(WrongInput):
    """The database is something else: somebody's tables, or no database."""

    code = "CUT-612"


class JournalTooNew(WrongInput):
    """A newer cutover wrote this journal; this one would not understand all of it."""

    code = "CUT-613"


def version(connection: sa.Connection, there: frozenset[str], *, shown: str) -> str:
    """
    The revision that is there, given the names of the tables; empty for an empty database, or UNSTAMPED.

    Raises NotAJournal for other tables and JournalTooNew for a revision from after this code.
    """
    if not there:
        return ""
    if VERSION.name not in there:
        raise NotAJournal(
            f"{shown!r} is a database, but no journal of cutover (it holds {_some(there)})",
            hint="name another place as `journal:` in cutover.yaml",
        )
    if REVISION.name not in there:
        number = int(connection.execute(sa.select(VERSION.c.version)).scalar_one())
        return UNSTAMPED if number == 1 else _known(str(number), shown)
    return _known(str(connection.execute(sa.select(REVISION.c.version_num)).scalar_one()), shown)


def bring_forward(connection: sa.Connection, there: str, *, made_for: Mapping[str, Any] | None = None) -> None:
    """
    Take every revision from `there` to the current one, within the caller's transaction, which nobody else shares.

    `made_for` are further columns of the journal's line about itself.
    """
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "cutover:journal")
    config.attributes.update(connection=connection, version_table=REVISION.name)
    with _one_at_a_time:
        if there == UNSTAMPED:
            command.stamp(config, KNOWN[0])
        command.upgrade(config, CURRENT)
    made = {"version": int(CURRENT), "made_at": datetime.now(UTC).isoformat(timespec="seconds"), "made_by": __version__}
    if there:
        connection.execute(sa.update(VERSION).values(**made))
    else:
        connection.execute(sa.insert(VERSION).values(**made, **(made_for or {})))


def begun_before(shown: str, mirror: Path) -> JournalNotWritable:
    """The refusal to begin a journal anew beside a mirror that has events."""
    return JournalNotWritable(
        f"the journal {shown!r} is empty or gone, but its mirror {mirror.name!r} has events",
        hint="put the journal back from a backup; to begin a new one, move the mirror away first",
    )


def _known(found: str, shown: str) -> str:
    if found in KNOWN:
        return found
    raise JournalTooNew(
        f"the journal {shown!r} has version {found}, and this cutover ({__version__}) knows {CURRENT} at most",
        hint="use the newer cutover that wrote it",
    )


def _some(names: frozenset[str]) -> str:
    first = sorted(names)[:3]
    return ", ".join(repr(name) for name in first) + (" …" if len(names) > len(first) else "")

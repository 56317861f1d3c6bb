"""
The fencing token where a run writes: who was overtaken is refused by the very database that it would write to.

A process that slept through its own takeover believes that it still holds the lease, and no question that it asks
before a write helps, because it may fall asleep again in between. So each write transaction begins by holding the
token that lies in the same database: whoever takes over puts a higher one there and waits for what is under way, and
from then on the earlier holder's transactions are refused. The token is the lease's (`cutover.journal.lease`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import sqlalchemy as sa

from cutover.dataplane.dialects import Dialect
from cutover.errors import LeaseLost


def _nobody_to_ask() -> None:
    """Of a fence without a lease, as tools and tests open databases."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fence:
    """
    The token that this process may write with, among those of one scope.

    Two scopes in one database know nothing of each other: tokens are counted by a journal, and those of two journals
    cannot be compared.
    """

    scope: (
        str  # environment, project and journal, as people read it; the same for every process that may carry its runs
    )
    token: int  # grows with each takeover
    confirm: Callable[[], None] = field(default=_nobody_to_ask, repr=False, compare=False)  # asks the lease; LeaseLost

    def hold(self, connection: sa.Connection, dialect: Dialect, *, database: str) -> None:
        """
        Keep our token from being overtaken until the caller's transaction ends; LeaseLost when it was already.

        Where the database has lost it, because an older state was put back, it is written again.
        """
        present = dialect.held_token(connection, self.scope, self.token)
        if present is None or present < self.token:
            present = dialect.raise_token(connection, self.scope, self.token)
        self._refuse_later(present, database)

    def look(self, connection: sa.Connection, dialect: Dialect, *, database: str) -> None:
        """LeaseLost when a later token is there; holds nothing and writes nothing."""
        self._refuse_later(dialect.seen_token(connection, self.scope) or 0, database)

    def put_up(self, connection: sa.Connection, dialect: Dialect, *, database: str) -> None:
        """Write our token, in the caller's transaction, and fence out every earlier holder."""
        self._refuse_later(dialect.raise_token(connection, self.scope, self.token), database)

    def _refuse_later(self, present: int, database: str) -> None:
        if present <= self.token:
            return
        raise LeaseLost(
            f"database {database!r}: another process has taken over {self.scope} "
            f"(its token is {present}, ours is {self.token})",
            hint=(
                "`cutover status` shows who carries the run now; was an older journal put back instead, remove the "
                "line of that scope from the table 'fence' of cutover in this database"
            ),
        )

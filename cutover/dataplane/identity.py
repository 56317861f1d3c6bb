"""
Holds the ledger's counts to the migration's limits and to what was counted on the outside. Pure decisions.

The identity of every table: extracted = loaded + quarantined + left behind by signed exceptions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from cutover.dataplane.ledger import TableCount
from cutover.errors import StepFailed
from cutover.model.migration import TableMapping
from cutover.words import counted


class TableNotEmpty(StepFailed):
    """The target has rows that this run did not bring."""

    code: ClassVar[str] = "CUT-342"


class NothingToTakeBack(StepFailed):
    """The journal says that rows were loaded, and the target knows nothing of it."""

    code: ClassVar[str] = "CUT-345"


class LimitExceeded(StepFailed):
    """More rows were left behind, or values made NULL, than the migration allows."""

    code: ClassVar[str] = "CUT-343"


class Unbalanced(StepFailed):
    """Rows counted on the outside are not the rows that the ledger accounts for."""

    code: ClassVar[str] = "CUT-344"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """Rows as they were counted again, not as they were noted."""

    source: int
    target: int
    quarantine: int


def excess(table: TableMapping, count: TableCount) -> list[str]:
    """Everything that is more than the migration allows, as sentences."""
    limits: list[tuple[str, str, int, int | None]] = [
        ("row", "in quarantine", count.quarantined, table.quarantine_at_most),
        *(("row", f"left behind by {one.id}", count.excluded.get(one.id, 0), one.at_most) for one in table.exclude),
        *(
            ("value", f"of {column.target!r} made NULL", count.nulled.get(column.target, 0), column.at_most)
            for column in table.columns
        ),
    ]
    return [
        f"{counted(found, noun)} {where}, at most {limit} {'is' if limit == 1 else 'are'} allowed"
        for noun, where, found, limit in limits
        if limit is not None and found > limit
    ]


def imbalance(count: TableCount, outside: Outside) -> str:
    """Which count does not agree, as a sentence; empty when every row is accounted for."""
    for what, there, noted in (
        ("rows in the source", outside.source, count.extracted),
        ("rows in the target", outside.target, count.loaded),
        ("rows in quarantine", outside.quarantine, count.quarantined),
    ):
        if there != noted:
            return f"{there} {what}, the ledger says {noted}"
    if not count.balanced:
        left = sum(count.excluded.values())
        return (
            f"{counted(count.extracted, 'row')} read are not {count.loaded} loaded, {count.quarantined} in quarantine "
            f"and {left} left behind: a trigger or a rule of the target may have dropped some in silence"
        )
    return ""

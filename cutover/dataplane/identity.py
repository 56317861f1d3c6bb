"""
Holds the ledger's counts to the migration's limits and to what was counted on the outside. Pure decisions.

The identity of every table: extracted = loaded + quarantined + left behind by signed exceptions.
"""

from __future__ import annotations

from dataclasses import dataclass

from cutover.dataplane.ledger import TableCount
from cutover.model.migration import TableMapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """Rows as they were counted again, not as they were noted."""

    source: int
    target: int
    quarantine: int


def excess(table: TableMapping, count: TableCount) -> str:
    """What is more than the migration allows, as a sentence; empty when nothing is."""
    limits: list[tuple[str, int, int | None]] = [
        ("rows in quarantine", count.quarantined, table.quarantine_at_most),
        *((f"rows left behind by {one.id}", count.excluded.get(one.id, 0), one.at_most) for one in table.exclude),
        *(
            (f"values of {column.target!r} made NULL", count.nulled.get(column.target, 0), column.at_most)
            for column in table.columns
        ),
    ]
    for what, found, limit in limits:
        if limit is not None and found > limit:
            return f"{found} {what}, at most {limit} are allowed"
    return ""


def imbalance(count: TableCount, outside: Outside) -> str:
    """Which count does not agree, as a sentence; empty when every row is accounted for."""
    for what, counted, noted in (
        ("rows in the source", outside.source, count.extracted),
        ("rows in the target", outside.target, count.loaded),
        ("rows in quarantine", outside.quarantine, count.quarantined),
    ):
        if counted != noted:
            return f"{counted} {what}, the ledger says {noted}"
    if not count.balanced:
        left = sum(count.excluded.values())
        return (
            f"{count.extracted} rows read are not {count.loaded} loaded, {count.quarantined} in quarantine "
            f"and {left} left behind: a trigger or a rule of the target may have dropped some in silence"
        )
    return ""

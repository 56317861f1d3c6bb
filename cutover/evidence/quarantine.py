"""The rows that a run put aside, and old values of what it amended: a few of each table, all of the rows counted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from cutover.evidence.data_sections import Plain
from cutover.journal.quarantine import AmendedValue, QuarantinedRow

#: Rows of one table and step that a report carries; the rest stays in the quarantine, and is counted.
SHOWN = 200
#: Old values of one table, of those that became NULL by a declared rule.
AMENDED_SHOWN = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Aside:
    """What one copy step put aside of one table: how many rows, and the first of them."""

    table: str
    step: str
    total: int
    rows: Sequence[QuarantinedRow] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """Everything a report needs of the quarantine: what was put aside, and old values by table."""

    aside: Sequence[Aside] = ()
    amended: Mapping[str, Sequence[AmendedValue]] = field(default_factory=dict)


def rows(aside: Sequence[Aside]) -> list[Plain]:
    """The rows, at most SHOWN of each table and step. No times, no attempts: a resumed run has the same."""
    return [
        {
            "table": part.table,
            "step": part.step,
            "key": row.key,
            "reasons": list(row.reasons),
            "values": dict(row.values),
        }
        for part in aside
        for row in part.rows[:SHOWN]
    ]


def amended(values: Mapping[str, Sequence[AmendedValue]]) -> list[Plain]:
    """Old values of what became NULL, at most AMENDED_SHOWN of each table; how many there are stands with the copy."""
    return [
        {"table": table, "key": one.key, "column": one.column, "before": one.before, "reason": one.reason}
        for table, kept in sorted(values.items())
        for one in kept[:AMENDED_SHOWN]
    ]


def totals(aside: Sequence[Aside]) -> list[Plain]:
    """How many rows there are of each table and step, and how many of them the report carries."""
    return [
        {"table": part.table, "step": part.step, "rows": part.total, "shown": min(len(part.rows), SHOWN)}
        for part in aside
        if part.total
    ]

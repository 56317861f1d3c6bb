"""
What a copied table came to, for the evidence and for people: facts and findings made of the ledger's counts.

Called by the copy step. Pure: what was kept of the rows is handed in.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from cutover.dataplane.ledger import TableCount
from cutover.model.migration import TableMapping
from cutover.model.outcome import Finding, Severity
from cutover.words import counted

#: Rows shown in a finding.
SAMPLES = 20

#: Reasons named in a sentence.
REASONS = 5

#: Characters of a value in a finding.
LONGEST = 80


class KeptRow(Protocol):
    """A row in quarantine."""

    @property
    def key(self) -> str:
        """As people read it."""

    @property
    def values(self) -> Mapping[str, str | None]:
        """By column."""

    @property
    def reasons(self) -> Sequence[str]:
        """Ids of rules, such as `age:cast`."""


def facts(table: TableMapping, count: TableCount) -> dict[str, Any]:
    """The table as the evidence keeps it (docs/map.md, "Facts that steps return")."""
    return {
        "table": count.table,
        "extracted": count.extracted,
        "loaded": count.loaded,
        "quarantined": count.quarantined,
        "excluded": sum(count.excluded.values()),
        "nulled": sum(count.nulled.values()),
        "chunks": count.chunks,
        "balanced": count.balanced,
        "exclusions": [
            {
                "id": one.id,
                "reason": one.reason,
                "signed_by": one.signed_by,
                "signed_on": one.signed_on,
                "rows": count.excluded.get(one.id, 0),
            }
            for one in table.exclude
        ],
        "nulls": [
            {"column": column.target, "reason": column.reason, "rows": count.nulled.get(column.target, 0)}
            for column in table.columns
            if column.null_when
        ],
        "reasons": dict(count.reasons),
    }


def unused_rules(table: TableMapping, count: TableCount) -> dict[str, str]:
    """The rules that applied to no row, and their conditions: whether any row is meant by them must be asked."""
    if not count.extracted:
        return {}
    exceptions = {f"exception {one.id!r}": one.when for one in table.exclude if not count.excluded.get(one.id)}
    nulls = {
        f"null_when of column {column.target!r}": column.null_when
        for column in table.columns
        if column.null_when and not count.nulled.get(column.target)
    }
    return {**exceptions, **nulls}


def unmatched(table: TableMapping, unused: Mapping[str, str]) -> list[Finding]:
    """A warning for each of those rules; none of them matches any row of the source."""
    return [
        Finding(
            check="copy rules",
            table=table.table,
            says=f"{rule} of table {table.table!r} matched no row{_why(condition)}",
            count=0,
            severity=Severity.WARNING,
            columns=("condition",),
            samples=((_short(condition),),),
        )
        for rule, condition in unused.items()
    ]


def quarantined(table: TableMapping, count: TableCount, kept: Sequence[KeptRow]) -> list[Finding]:
    """How many rows were not loaded and why; `kept` are the first of them."""
    if not count.quarantined:
        return []
    reasons = sorted(count.reasons.items(), key=lambda one: (-one[1], one[0]))
    named = ", ".join(f"{reason} {rows}" for reason, rows in reasons[:REASONS])
    rows = f"{counted(count.quarantined, 'row')} in quarantine"
    return [
        Finding(
            check="copy quarantine",
            table=table.table,
            says=f"table {table.table!r}: {rows}: {named}{', …' if len(reasons) > REASONS else ''}",
            count=count.quarantined,
            severity=Severity.WARNING,
            columns=("key", "value", "reasons"),
            samples=tuple((row.key, _offending(row), ", ".join(row.reasons)) for row in kept[:SAMPLES]),
        )
    ]


def _offending(row: KeptRow) -> str:
    """The values that the reasons speak of; empty for a reason that names no column."""
    named = [name for name in row.values if any(reason.startswith(f"{name}:") for reason in row.reasons)]
    return ", ".join(f"{name} = {_shown(row.values[name])}" for name in named)


def _shown(value: str | None) -> str:
    return "NULL" if value is None else f"'{_short(value)}'"


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _why(condition: str) -> str:
    never = re.search(r"\bnot\s+in\s*\(\s*select\b", condition, re.IGNORECASE)
    return ": NOT IN is never true when a NULL is among what is selected, write NOT EXISTS" if never else ""

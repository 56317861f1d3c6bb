"""
Control totals: counts and sums by business dimension, by each database's own SQL, compared exactly.

What the source has less what stays behind on purpose must be what the target has, in every group. Sums of floats are
refused: they depend on the order of the rows, so two right databases may disagree.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Context, Decimal, Inexact
from functools import reduce
from typing import Any, ClassVar

from sqlalchemy import Connection

from cutover.errors import StepFailed
from cutover.model.migration import ControlTotal
from cutover.model.outcome import Finding
from cutover.reconciliation.scope import Scope, all_of, where

CHECK = "reconcile totals"

Group = tuple[str, ...]
Sums = dict[Group, tuple[Decimal, ...]]


#: Python's own context would round sums of more than 28 digits.
_CONTEXT = Context(prec=1_000, traps=[Inexact])
_plus, _less = _CONTEXT.add, _CONTEXT.subtract


class InexactTotal(StepFailed):
    """A measure is not a whole number or a decimal, so it cannot be compared exactly."""

    code: ClassVar[str] = "CUT-350"


@dataclass(frozen=True, slots=True, kw_only=True)
class Total:
    """A control total on both sides; `differing` are the groups in which source less left out is not the target."""

    total: ControlTotal
    source: Sums
    left_out: Sums
    target: Sums

    @property
    def groups(self) -> tuple[Group, ...]:
        """Every group that either side has, in order."""
        return tuple(sorted({*self.source, *self.target}))

    @property
    def differing(self) -> tuple[Group, ...]:
        """The groups that do not agree in every measure."""
        return tuple(group for group in self.groups if any(self.differences(group)))

    def differences(self, group: Group) -> tuple[Decimal, ...]:
        """Per measure: source less left out less target; a group that one side does not have counts as zero there."""
        sides = (self.of(self.source, group), self.of(self.left_out, group), self.of(self.target, group))
        return tuple(_less(_less(source, left), target) for source, left, target in zip(*sides, strict=True))

    def of(self, sums: Sums, group: Group) -> tuple[Decimal, ...]:
        """The measures of one side in one group."""
        return sums.get(group, (Decimal(0),) * len(self.total.measures))

    def overall(self, sums: Sums, measure: int) -> Decimal:
        """The measure over all groups of one side."""
        return reduce(_plus, (values[measure] for values in sums.values()), Decimal(0))


def compare_totals(scope: Scope, source: Connection, target: Connection) -> list[Total]:
    """Every control total of the table. Raises InexactTotal, and NotSql for SQL that a database does not accept."""
    return [_compared(scope, total, source, target) for total in scope.mapping.totals]


def findings(scope: Scope, totals: Sequence[Total], *, samples: int = 20) -> list[Finding]:
    """One finding per total that differs, with its first groups."""
    return [_finding(scope, total, samples) for total in totals if total.differing]


def facts(scope: Scope, total: Total) -> Mapping[str, Any]:
    """What the report says of a total: numbers as text, because they may be large."""
    return {
        "table": scope.mapping.table,
        "total": total.total.name,
        "groups": len(total.groups),
        "differing": len(total.differing),
        "measures": {
            measure.name: {
                "source": written(total.overall(total.source, number)),
                "left_out": written(total.overall(total.left_out, number)),
                "target": written(total.overall(total.target, number)),
            }
            for number, measure in enumerate(total.total.measures)
        },
    }


def written(number: Decimal) -> str:
    """Digits without trailing zeros or exponent."""
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _compared(scope: Scope, total: ControlTotal, source: Connection, target: Connection) -> Total:
    moved = scope.moved_in_source
    left: Sums = {}
    conditions = [all_of(moved, scope.excluded)] if scope.excluded else []
    for condition in (*conditions, *(all_of(moved, keys) for keys in scope.quarantined_in_source(source))):
        for group, values in _asked(scope, total, source, of_source=True, condition=condition).items():
            before = left.get(group, (Decimal(0),) * len(values))
            left[group] = tuple(_plus(one, other) for one, other in zip(before, values, strict=True))
    return Total(
        total=total,
        source=_asked(scope, total, source, of_source=True, condition=moved),
        left_out=left,
        target=_asked(scope, total, target, of_source=False, condition=""),
    )


def _asked(scope: Scope, total: ControlTotal, connection: Connection, *, of_source: bool, condition: str) -> Sums:
    dialect = scope.source.dialect if of_source else scope.target.dialect
    table = dialect.table(scope.mapping.source if of_source else scope.mapping.table)
    by = [side.source if of_source else side.target for side in total.by]
    measures = [side.source if of_source else side.target for side in total.measures]
    grouped = f" GROUP BY {', '.join(str(number + 1) for number in range(len(by)))}" if by else ""
    statement = f"SELECT {', '.join((*by, *measures))} FROM {table}{where(condition)}{grouped}"
    names = [measure.name for measure in total.measures]
    sums: Sums = {}
    for row in dialect.query(connection, statement):
        group = tuple(group_text(value) for value in row[: len(by)])
        values = tuple(_exact(value, total, name) for value, name in zip(row[len(by) :], names, strict=True))
        before = sums.get(group, (Decimal(0),) * len(values))  # two values may have one text: 1 and 1.0
        sums[group] = tuple(_plus(one, other) for one, other in zip(before, values, strict=True))
    return sums


def group_text(value: Any) -> str:
    """A group's key as both databases' values say it: 1, 1.0, '1' and Decimal('1.00') are one, NULL is no text."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, (int, float, Decimal)):
        return written(Decimal(repr(value) if isinstance(value, float) else value))
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    text = bytes(value).hex() if isinstance(value, (bytes, memoryview)) else str(value)
    return "'NULL'" if text == "NULL" else text


def _exact(value: Any, total: ControlTotal, measure: str) -> Decimal:
    """A count or sum; the sum of nothing is nothing."""
    if value is None:
        return Decimal(0)
    if isinstance(value, (int, Decimal)) and not isinstance(value, bool):
        exact = Decimal(value)
        if exact.is_finite():
            return exact
    raise InexactTotal(
        f"measure {measure!r} of total {total.name!r} gives {value!r}, which is no whole number or decimal",
        hint="sums of floats depend on the order of the rows: round them, such as sum(CAST(round(x * 100) AS INTEGER))",
    )


def _finding(scope: Scope, total: Total, samples: int) -> Finding:
    rows = []
    for group in total.differing:
        for number, difference in enumerate(total.differences(group)):
            if difference:
                sides = (total.of(side, group)[number] for side in (total.source, total.left_out, total.target))
                rows.append((*group, total.total.measures[number].name, *map(written, sides), written(difference)))
    return Finding(
        check=CHECK,
        table=scope.mapping.table,
        says=f"total {total.total.name!r} differs in {len(total.differing)} of {len(total.groups)} groups",
        count=len(total.differing),
        columns=(*(side.name for side in total.total.by), "measure", "source", "left out", "target", "difference"),
        samples=tuple(rows[:samples]),
    )

"""
Reconciles one table: counts and identity, control totals, fingerprints, and the rows that differ.

Called by the step, table by table. Reads only. What is found is returned as data; whether it fails the step is
the step's decision.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from cutover.model.outcome import Finding
from cutover.reconciliation import comparing, counting, totals
from cutover.reconciliation.comparing import Compared
from cutover.reconciliation.counting import Counts
from cutover.reconciliation.feeds import consistent
from cutover.reconciliation.scope import Scope
from cutover.reconciliation.totals import Total


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciled:
    """What the reconciliation of one table came to. `compared` is None when no fingerprints were asked for."""

    scope: Scope
    counts: Counts
    totals: tuple[Total, ...] = ()
    compared: Compared | None = None

    @property
    def findings(self) -> list[Finding]:
        """Everything that does not agree; none when the target holds what the source held."""
        rows = comparing.findings(self.scope, self.compared) if self.compared is not None else []
        return [*counting.findings(self.scope, self.counts), *totals.findings(self.scope, self.totals), *rows]

    @property
    def table_facts(self) -> Mapping[str, Any]:
        """The table as the report shows it."""
        compared = self.compared or Compared()
        asked = self.compared is not None
        return {
            "table": self.scope.mapping.table,
            "source_rows": self.counts.source_rows,
            "left_out": self.counts.left_out,
            "target_rows": self.counts.target_rows,
            "source_digest": compared.source.digest if asked else "",
            "target_digest": compared.target.digest if asked else "",
            "chunks": compared.chunks,
            "differing_chunks": compared.differing,
            "missing": compared.diff.missing,
            "extra": compared.diff.extra,
            "changed": compared.diff.changed,
        }

    @property
    def total_facts(self) -> list[Mapping[str, Any]]:
        """Its control totals."""
        return [totals.facts(self.scope, total) for total in self.totals]

    @property
    def wave_facts(self) -> list[Mapping[str, Any]]:
        """Its waves moved so far, together with what remains; nothing for a table that does not move in waves."""
        if not self.scope.by_wave:
            return []
        return [
            {
                "table": self.scope.mapping.table,
                "original": self.counts.original,
                "moved": self.counts.source_rows,
                "remainder": self.counts.remainder,
                "balanced": self.counts.balanced,
            }
        ]


def reconcile_table(
    scope: Scope, *, with_totals: bool = True, with_rows: bool = True, tell: Callable[[int, int], None] | None = None
) -> Reconciled:
    """
    Compare source and target of one table; `tell` is called with the rows compared so far and all there are.

    Raises Inconclusive, and what the databases raise for a condition or an expression that they do not accept.
    """
    with consistent(scope.source) as source, consistent(scope.target) as target:
        counts = counting.count(scope, source, target)
        compared_totals = tuple(totals.compare_totals(scope, source, target)) if with_totals else ()
    expected = counts.source_rows - counts.left_out
    told = None if tell is None else partial(_told, tell, expected)
    rows = comparing.compare_rows(scope, tell=told) if with_rows else None
    return Reconciled(scope=scope, counts=counts, totals=compared_totals, compared=rows)


def _told(tell: Callable[[int, int], None], expected: int, done: int) -> None:
    tell(done, expected)

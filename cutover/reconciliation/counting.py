"""
Counts on both sides, and whether they add up: source = target + excluded + quarantined, wave by wave.

Every number is counted by SQL now, none is taken from what the copy said; only how many rows are in quarantine
comes from the quarantine itself, and each of its keys is looked up in the source.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from cutover.model.outcome import Finding
from cutover.reconciliation.scope import Scope, all_of
from cutover.words import counted

CHECK = "reconcile counts"


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Rows of one table. What is about the source means the waves moved so far, but for `original` and `remainder`."""

    source_rows: int
    excluded: int
    quarantined: int  # found in the source by their keys
    in_quarantine: int  # that the quarantine holds
    target_rows: int
    target_of_other_waves: int
    original: int
    remainder: int

    @property
    def left_out(self) -> int:
        """Rows that stay behind on purpose."""
        return self.excluded + self.quarantined

    @property
    def balanced(self) -> bool:
        """Whether every row is accounted for, in what has moved and in what remains."""
        return (
            self.source_rows == self.target_rows + self.left_out
            and self.original == self.source_rows + self.remainder
            and self.quarantined == self.in_quarantine
            and self.target_of_other_waves == 0
        )


def count(scope: Scope, source: Connection, target: Connection) -> Counts:
    """Count. Raises what the databases raise when a condition of the mapping cannot be asked."""
    old, new, mapping = scope.source.dialect, scope.target.dialect, scope.mapping
    moved = scope.moved_in_source
    original = old.count(source, mapping.source)
    quarantined = [all_of(moved, keys) for keys in scope.quarantined_in_source(source)]
    elsewhere = f"({scope.moved_in_target}) IS NOT TRUE" if scope.by_wave else ""
    return Counts(
        source_rows=old.count(source, mapping.source, moved) if moved else original,
        excluded=old.count(source, mapping.source, all_of(moved, scope.excluded)) if scope.excluded else 0,
        quarantined=sum(old.count(source, mapping.source, keys) for keys in quarantined),
        in_quarantine=scope.in_quarantine,
        target_rows=new.count(target, mapping.table),
        target_of_other_waves=new.count(target, mapping.table, elsewhere) if elsewhere else 0,
        original=original,
        remainder=old.count(source, mapping.source, f"({moved}) IS NOT TRUE") if moved else 0,
    )


def findings(scope: Scope, counts: Counts) -> list[Finding]:
    """What does not add up."""
    table = scope.mapping.table
    found = []
    difference = counts.source_rows - counts.left_out - counts.target_rows
    if difference:
        found.append(
            Finding(
                check=CHECK,
                table=table,
                says=(
                    f"{counted(counts.source_rows, 'row')} in the source, less {counts.excluded} excluded and "
                    f"{counts.quarantined} quarantined, should be {counts.target_rows + difference} in the target, "
                    f"which has {counts.target_rows}"
                ),
                count=abs(difference),
            )
        )
    if counts.quarantined != counts.in_quarantine:
        lost = counts.in_quarantine - counts.quarantined
        says = f"{lost} of {counts.in_quarantine} quarantined keys are not in the source any more"
        found.append(Finding(check=CHECK, table=table, says=says, count=abs(lost)))
    if counts.target_of_other_waves:
        strangers = counted(counts.target_of_other_waves, "row in the target belongs", "rows in the target belong")
        says = f"{strangers} to no wave that has moved"
        found.append(Finding(check=CHECK, table=table, says=says, count=counts.target_of_other_waves))
    if counts.original != counts.source_rows + counts.remainder:
        lost = counts.original - counts.source_rows - counts.remainder
        says = f"waves and remainder together miss {lost} of {counts.original} rows of the source"
        found.append(Finding(check=CHECK, table=table, says=says, count=abs(lost)))
    return found

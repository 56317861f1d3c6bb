from __future__ import annotations

import pytest

from cutover.dataplane.identity import Outside, excess, imbalance
from cutover.dataplane.ledger import ChunkLine, TableCount, summed
from cutover.model.migration import SignedException
from tests.fixtures.mapping import column, mapping

TABLE = mapping(
    column("n", "n", null_when="n = 5", reason="five", at_most=2),
    quarantine_at_most=1,
    exclude=(
        SignedException(id="X-1", when="", reason="", signed_by="", signed_on="", at_most=3),
        SignedException(id="X-2", when="", reason="", signed_by="", signed_on=""),
    ),
)


@pytest.mark.parametrize(
    ("count", "says"),
    [
        (TableCount(table="t", quarantined=1, excluded={"X-1": 3, "X-2": 99}, nulled={"n": 2, "m": 99}), ""),
        (TableCount(table="t", quarantined=2), "2 rows in quarantine, at most 1 is allowed"),
        (TableCount(table="t", excluded={"X-1": 4}), "4 rows left behind by X-1, at most 3 are allowed"),
        (TableCount(table="t", nulled={"n": 3}), "3 values of 'n' made NULL, at most 2 are allowed"),
    ],
)
def test_limits(count: TableCount, says: str) -> None:
    assert excess(TABLE, count) == ([says] if says else [])


BALANCED = TableCount(table="t", extracted=10, loaded=7, quarantined=1, excluded={"X-1": 2})


@pytest.mark.parametrize(
    ("outside", "says"),
    [
        ((10, 7, 1), ""),
        ((11, 7, 1), "11 rows in the source, the ledger says 10"),
        ((10, 6, 1), "6 rows in the target, the ledger says 7"),
        ((10, 7, 0), "0 rows in quarantine, the ledger says 1"),
    ],
)
def test_counts_from_the_outside(outside: tuple[int, int, int], says: str) -> None:
    source, target, quarantine = outside

    assert imbalance(BALANCED, Outside(source=source, target=target, quarantine=quarantine)) == says


def test_rows_that_nobody_accounts_for() -> None:
    count = TableCount(table="t", extracted=10, loaded=9)

    assert "10 rows read are not 9 loaded" in imbalance(count, Outside(source=10, target=9, quarantine=0))
    assert not count.balanced


def test_chunks_add_up() -> None:
    lines = [
        ChunkLine(
            number=n,
            low=None,
            high=None,
            extracted=5,
            loaded=3,
            quarantined=1,
            excluded={"X": 1},
            reasons={f"r{n % 2}": 1},
        )
        for n in (1, 2, 3)
    ]

    assert summed("t", lines) == TableCount(
        table="t", extracted=15, loaded=9, quarantined=3, excluded={"X": 3}, reasons={"r0": 1, "r1": 2}, chunks=3
    )

"""The page of the docs that shows the state tables."""

from __future__ import annotations

from pathlib import Path

from cutover.evidence.states import page
from cutover.model.status import RUN_TABLE, STEP_TABLE

PAGE = Path(__file__).resolve().parents[3] / "docs" / "states.md"


def test_the_page_is_what_the_tables_say() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "python -m cutover.evidence.states > docs/states.md"


def test_every_pair_of_the_tables_is_a_row() -> None:
    rows = [line for line in page().splitlines() if line.startswith("| ") and "`" in line]
    assert len(rows) == len(STEP_TABLE) + len(RUN_TABLE)

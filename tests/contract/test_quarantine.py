"""What every quarantine must do: a new one is one more subclass with one fixture."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cutover.journal.memory import MemoryQuarantine
from cutover.journal.postgresql_database import PostgresqlDatabase
from cutover.journal.quarantine import AmendedValue, QuarantinedRow, QuarantineStore, SqlQuarantine
from cutover.redact import Secret


def row(key: str, *reasons: str, **values: str | None) -> QuarantinedRow:
    return QuarantinedRow(key=key, values=values, reasons=reasons or ("amount:ge(0)",))


def amended(key: str, before: str | None = "N7") -> AmendedValue:
    return AmendedValue(key=key, column="tail", before=before, reason="unknown plane")


HOSTILE = (
    "", "a\x00b", "\udc96", "\ud83d", "\U0001f600", "'; DROP TABLE event; --", '"', "\\u0000", "\n\r\t", "e\u0301"
)  # fmt: skip


class QuarantineContract:
    """Whole chunks, exact values, and nothing of other runs, steps and tables."""

    @staticmethod
    def keep(
        quarantine: QuarantineStore, *rows: QuarantinedRow, values: tuple[AmendedValue, ...] = (), **place: object
    ) -> None:
        where = {"run": "dev-1", "step": "copy", "table": "flight", "chunk": 1, **place}
        quarantine.replace_chunk(**where, rows=rows, amended=values)  # type: ignore[arg-type]

    def test_rows_come_back_as_they_were_in_their_order(self, quarantine: QuarantineStore) -> None:
        second, first = (row("3", a=None), row("1", "r1", "r2", a="x")), (row("9", b=""),)
        self.keep(quarantine, *second, chunk=10)
        self.keep(quarantine, *first, chunk=2)

        assert quarantine.rows("dev-1", "flight") == (*first, *second)

    @pytest.mark.parametrize("text", HOSTILE, ids=ascii)
    def test_values_are_kept_exactly(self, quarantine: QuarantineStore, text: str) -> None:
        kept = QuarantinedRow(key=text, values={text: text, "null": None}, reasons=(text,))
        self.keep(quarantine, kept, values=(amended(text, before=text),))

        assert quarantine.rows("dev-1", "flight") == (kept,)
        assert quarantine.keys("dev-1", "flight") == {text}
        assert quarantine.amended("dev-1", "flight")[0].before == text

    def test_a_password_in_a_row_is_data(self, quarantine: QuarantineStore) -> None:
        kept = row("1", note=Secret("canary-in-a-row").reveal())
        self.keep(quarantine, kept)

        assert quarantine.rows("dev-1", "flight") == (kept,)

    def test_a_repeated_chunk_replaces_the_first(self, quarantine: QuarantineStore) -> None:
        self.keep(quarantine, row("1"), row("2"), values=(amended("7"), amended("8")))
        self.keep(quarantine, row("2"), values=(amended("8"),))

        assert quarantine.keys("dev-1", "flight") == {"2"}
        assert quarantine.amended("dev-1", "flight") == (amended("8"),)
        self.keep(quarantine)
        assert (quarantine.count("dev-1", "flight"), quarantine.amended("dev-1", "flight")) == (0, ())

    def test_rows_with_the_same_key_are_all_kept(self, quarantine: QuarantineStore) -> None:
        self.keep(quarantine, row("1", a="x"), row("1", a="y"))

        assert quarantine.count("dev-1", "flight") == 2
        assert quarantine.keys("dev-1", "flight") == {"1"}

    def test_runs_steps_and_tables_are_apart(self, quarantine: QuarantineStore) -> None:
        self.keep(quarantine, row("1"))
        for place in ({"run": "dev-2"}, {"step": "copy-lga"}, {"table": "plane"}, {"chunk": 2}):
            self.keep(quarantine, row(str(place)), **place)

        assert quarantine.count("dev-1", "flight") == 3
        assert quarantine.count("dev-1", "flight", step="copy") == 2
        assert [one.key for one in quarantine.rows("dev-1", "flight", step="copy-lga")] == ["{'step': 'copy-lga'}"]
        assert quarantine.tables("dev-1") == ("flight", "plane")
        assert quarantine.rows("dev-3", "flight") == ()

    def test_a_limit_takes_the_first(self, quarantine: QuarantineStore) -> None:
        self.keep(quarantine, *(row(str(n)) for n in range(5)), values=tuple(amended(str(n)) for n in range(5)))

        assert [one.key for one in quarantine.rows("dev-1", "flight", limit=2)] == ["0", "1"]
        assert [one.key for one in quarantine.amended("dev-1", "flight", limit=2)] == ["0", "1"]

    def test_dropping_a_step_leaves_the_others(self, quarantine: QuarantineStore) -> None:
        self.keep(quarantine, row("1"), values=(amended("1"),))
        self.keep(quarantine, row("2"), step="copy-lga")
        self.keep(quarantine, row("3"), run="dev-2")

        quarantine.drop("dev-1", "copy")

        assert quarantine.keys("dev-1", "flight") == {"2"}
        assert quarantine.amended("dev-1", "flight") == ()
        assert quarantine.count("dev-2", "flight") == 1


class TestMemoryQuarantine(QuarantineContract):
    @pytest.fixture
    def quarantine(self) -> QuarantineStore:
        return MemoryQuarantine()


class TestSqlQuarantine(QuarantineContract):
    @pytest.fixture
    def quarantine(self, tmp_path: Path) -> Iterator[QuarantineStore]:
        opened = SqlQuarantine(tmp_path / "journal.db")
        yield opened
        opened.close()


class TestSqlQuarantineInPostgresql(QuarantineContract):
    @pytest.fixture
    def quarantine(self, tmp_path: Path, new_database: Callable[[], str]) -> Iterator[QuarantineStore]:
        place = PostgresqlDatabase(
            Secret(new_database()), schema_name="cutover_journal", mirror=tmp_path / "journal.jsonl", project="shop"
        )
        opened = SqlQuarantine(place)
        yield opened
        opened.close()

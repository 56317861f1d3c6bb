from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from cutover.dataplane.chunks import Chunk, as_plain, from_plain, key_text, plan_chunks
from cutover.dataplane.database import Database
from cutover.model.runbook import Wave
from tests.fixtures.databases import fill
from tests.fixtures.mapping import mapping

EVERY_KIND = """
CREATE TABLE t (id, w TEXT);
INSERT INTO t VALUES (NULL, 'a'), (-1, 'a'), (2.5, 'b'), (1e300, 'b'), ('', 'a'), ('ä', 'a'),
                     (CAST(x'ff96' AS TEXT), 'a'), ('a' || char(0) || 'b', 'a'), (x'00', 'b');
"""


@pytest.fixture
def old(make_database: Callable[..., Database]) -> Database:
    return fill(make_database("sqlite", "old"), EVERY_KIND)


@pytest.mark.parametrize("size", [1, 2, 4, 50])
def test_every_row_lies_in_one_chunk(size: int, old: Database) -> None:
    """Keys of every class that SQLite has, the NULL among them, and texts that are no UTF-8."""
    chunks = plan_chunks(old, mapping("id", chunk_rows=size))

    with old.connect() as connection:
        key = old.dialect.key(connection, "t", "id")
        counted = [old.dialect.count(connection, "t", chunk.condition(old.dialect, key)) for chunk in chunks]
    assert counted == [chunk.rows for chunk in chunks]
    assert sum(counted) == 9


def test_a_plan_survives_the_journal(old: Database) -> None:
    chunks = plan_chunks(old, mapping("id", chunk_rows=1))

    assert from_plain(json.loads(json.dumps(as_plain(chunks)))) == chunks


@pytest.mark.parametrize("key", ["a\0b", "\0", "\udcff", "x\udc00\0", "plain", "t:u:", ""])
def test_case_22_borders_are_texts_that_every_database_can_hold(key: str) -> None:
    """PostgreSQL has no NUL, and UTF-8 no lone surrogate: such a border is written by its bytes."""
    written = key_text(key)

    assert written is not None and "\0" not in written and written.encode().decode() == written
    assert from_plain([[written, None, False, 1]])[0].low == key


def test_the_ends_are_open(old: Database) -> None:
    chunks = plan_chunks(old, mapping("id", chunk_rows=4))

    assert (chunks[0].low, chunks[-2].high, chunks[-1].nulls) == (None, None, True)
    assert [chunk.number for chunk in chunks] == [1, 2, 3]


def test_a_wave_has_its_own_chunks(old: Database) -> None:
    chunks = plan_chunks(old, mapping("id", wave_by="w"), Wave(name="first", value="b"))

    assert chunks == (Chunk(number=1, rows=3),)


def test_a_table_without_rows_has_no_chunks(make_database: Callable[..., Database]) -> None:
    empty = fill(make_database("sqlite"), "CREATE TABLE t (id INTEGER)")

    assert plan_chunks(empty, mapping("id")) == ()

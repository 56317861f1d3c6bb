"""SQLite to PostgreSQL: every fault is found, with the right key, and equal data gives no finding."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from cutover.dataplane.fingerprint import Fingerprint, fingerprint_database, fingerprint_rows, fingerprint_table
from cutover.dataplane.reading import Unreadable, read_rows
from cutover.validation import check_table
from tests.fixtures.till import EXCLUDED, QUARANTINED, ROWS, Till, make_till


@pytest.fixture
def till(tmp_path: Path, new_database: Callable[[], str]) -> Till:
    return make_till(tmp_path, new_database())


def test_equal_data_gives_no_finding(till: Till) -> None:
    found = till.reconciled()

    assert found.findings == []
    assert found.compared.source == found.compared.target
    assert found.compared.target.rows == ROWS - EXCLUDED - QUARANTINED


@dataclass(frozen=True)
class Fault:
    """What is done to the target, and the keys of the rows that must be named."""

    statement: str
    missing: str = ""
    extra: str = ""
    changed: str = ""
    column: str = ""


def changed(column: str, expression: str, key: int) -> Fault:
    statement = f"UPDATE receipt SET {column} = {expression} WHERE receipt_id = {key}"
    return Fault(statement, changed=str(key), column=column)


FAULTS: dict[str, Fault] = {
    "lost row": Fault("DELETE FROM receipt WHERE receipt_id = 129", missing="129"),
    "first row lost": Fault("DELETE FROM receipt WHERE receipt_id = -30", missing="-30"),
    "last row lost": Fault("DELETE FROM receipt WHERE receipt_id = 867", missing="867"),
    "doubled row": Fault("INSERT INTO receipt SELECT * FROM receipt WHERE receipt_id = 129", extra="129"),
    "row before the first": Fault("INSERT INTO receipt (receipt_id) VALUES (-1000)", extra="-1000"),
    "row after the last": Fault("INSERT INTO receipt (receipt_id) VALUES (1000000)", extra="1000000"),
    "row between two chunks": Fault("INSERT INTO receipt (receipt_id) VALUES (148)", extra="148"),
    "row without a key": Fault("INSERT INTO receipt (note) VALUES ('x')", extra="NULL"),
    "another key": Fault("UPDATE receipt SET receipt_id = 127 WHERE receipt_id = 126", missing="126", extra="127"),
    "swapped values": Fault(
        "UPDATE receipt r SET amount = o.amount FROM receipt o"
        " WHERE r.receipt_id IN (129, 132) AND o.receipt_id IN (129, 132) AND o.receipt_id <> r.receipt_id",
        changed="129 132",
        column="amount",
    ),
    "truncated text": changed("note", "left(note, 5)", 132),
    "rounded number": changed("amount", "round(amount, 1)", 129),
    "last bit of a float": changed("weight", "weight + 2e-15", 132),
    "shifted time zone": changed("at", "at + interval '1 hour'", 129),
    "cut second": changed("at", "date_trunc('second', at)", 129),
    "trailing blank": changed("note", "note || ' '", 132),
    "folded case": changed("note", "lower(note)", 132),
    "folded accent": changed("note", "translate(note, 'Ü', 'U')", 132),
    "another line break": changed("note", "replace(note, E'\\n', E'\\r\\n')", 135),
    "NULL became the empty text": changed("note", "''", 129),
    "the empty text became NULL": changed("note", "NULL", 126),
    "the empty text became a blank": changed("note", "' '", 126),
    "another day": changed("day", "day - 1", 126),
    "the other truth": changed("void", "NOT void", 126),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_fault(till: Till, fault: str) -> None:
    done = FAULTS[fault]
    assert till.change(done.statement) > 0

    found = till.reconciled()

    diff = found.compared.diff
    assert diff.missing_keys == tuple(done.missing.split())
    assert diff.extra_keys == tuple(done.extra.split())
    assert tuple(dict.fromkeys(change[0] for change in diff.changes)) == tuple(done.changed.split())
    assert diff.columns == tuple(done.column.split())
    assert (diff.missing, diff.extra) == (len(diff.missing_keys), len(diff.extra_keys))
    assert diff.changed == len(done.changed.split())
    assert found.findings and found.table_facts["source_digest"] != found.table_facts["target_digest"]


def test_a_changed_row_shows_both_values(till: Till) -> None:
    till.change("UPDATE receipt SET note = note || ' ', amount = 0 WHERE receipt_id = 132")

    [finding] = [one for one in till.reconciled().findings if one.check == "reconcile rows"]

    assert finding.says == "1 row has other values in note, amount, the first has receipt_id 132"
    assert finding.columns == ("receipt_id", "column", "source", "target")
    assert finding.samples == (
        ("132", "note", "'Note 54 Ünder'", "'Note 54 Ünder '"),
        ("132", "amount", "54.54", "0.00"),
    )


def test_a_shift_of_everything_is_counted_in_full(till: Till) -> None:
    till.change("UPDATE receipt SET at = at + interval '5 hours'")

    found = till.reconciled()

    assert found.compared.diff.changed == ROWS - EXCLUDED - QUARANTINED
    assert found.compared.differing == found.compared.chunks == 5


def test_v3_more_digits_than_the_validator_allows_are_not_rounded_away(till: Till) -> None:
    till.change("ALTER TABLE receipt ALTER amount TYPE numeric")
    assert till.reconciled().findings == []

    till.change("UPDATE receipt SET amount = amount + 0.001 WHERE receipt_id = 129")

    with pytest.raises(Unreadable, match="column 'amount' of table 'receipt' holds what is no Decimal"):
        till.reconciled()


def test_v6_text_keys_in_another_collation(till: Till) -> None:
    """The source's own order knows no case, the target's does: neither may decide which chunk a row belongs to."""
    keys = ["a", "B", "ä", "Z", "z", "-a", "a-", "aa", "A", "é", "_", "0", "10", "9", "ß", "", " "]
    till.change_source("DELETE FROM receipts")
    till.change_source("CREATE TABLE names (k TEXT COLLATE NOCASE, v TEXT)")
    till.change("CREATE TABLE name (k text PRIMARY KEY, v text)")
    for number, key in enumerate(keys):
        till.change_source(f"INSERT INTO names VALUES ('{key}', '{number}')")
        till.change(f"INSERT INTO name VALUES ('{key}', '{number}')")
    columns = tuple(
        replace(column, target=name, source=name, codes=None)
        for column, name in zip(till.mapping.columns[:2], ("k", "v"), strict=True)
    )
    mapping = replace(
        till.mapping,
        table="name",
        source="names",
        source_key="k",
        target_key="k",
        columns=columns,
        exclude=(),
        totals=(),
        chunk_rows=2,
        wave_by=None,
    )
    till = replace(till, contract=None, quarantined=frozenset())

    assert till.reconciled(mapping=mapping).findings == []
    till.change("DELETE FROM name WHERE k = 'ä'")
    found = till.reconciled(mapping=mapping)

    assert found.compared.chunks == 9
    assert found.compared.diff.missing_keys == ("ä",) and found.compared.diff.extra == 0


def test_the_validator_judges_what_lies_in_the_target(till: Till) -> None:
    till.change("INSERT INTO receipt SELECT * FROM receipt WHERE receipt_id = 129")
    till.change("UPDATE receipt SET place = 'moon' WHERE receipt_id = 132")
    till.change("UPDATE receipt SET amount = -1 WHERE receipt_id = 135")

    with till.target.connect() as connection:
        results = check_table(connection, till.target.dialect, "receipt", till.contract)

    assert {result.rule: result.failed for result in results if result.failed} == {
        "place:isin(['harbour', 'market', 'station'])": 1,
        "amount:greater_than_or_equal_to(0)": 1,
        "unique(receipt_id)": 2,
        "place in place(name)": 1,
    }


def test_the_target_reads_back_as_it_was_written(till: Till) -> None:
    with till.target.connect() as connection:
        frame = read_rows(connection, till.target.dialect, table="receipt", dtypes=till.contract.dtypes)

    assert fingerprint_rows(frame) == till.reconciled().compared.source


# The fingerprint of a whole PostgreSQL


TRIGGER = """
CREATE FUNCTION leftover() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER leftover BEFORE INSERT ON receipt FOR EACH ROW EXECUTE FUNCTION leftover()
"""

ODD = """
CREATE TABLE odd AS SELECT 1.0::numeric AS n, 'infinity'::timestamptz AS t, '{"a": 1}'::jsonb AS j, ARRAY[1, NULL] AS a,
    'NaN'::float8 AS f, '\\x00ff'::bytea AS b, '[1,2)'::int4range AS r, '10.0.0.1'::inet AS i, 'x'::text AS whole_row_
"""

SETTINGS = ("TimeZone = 'Asia/Tokyo'", "DateStyle = 'German'", "extra_float_digits = -5", "bytea_output = 'escape'")


def world(till: Till) -> dict[str, Fingerprint]:
    with till.target.connect() as connection:
        found = fingerprint_database(connection, till.target.dialect)
        assert not connection.in_transaction()
    return found


@pytest.mark.parametrize(
    ("statement", "entries"),
    [
        ("UPDATE receipt SET note = '' WHERE receipt_id = 129", {"receipt"}),
        ("UPDATE receipt SET weight = '-0' WHERE receipt_id = 129", {"receipt"}),
        ("INSERT INTO receipt SELECT * FROM receipt WHERE receipt_id = 129", {"receipt"}),
        ("CREATE TABLE leftover (a int)", {"leftover", "(schema)"}),
        ("CREATE SCHEMA other CREATE TABLE leftover (a int)", {"other.leftover", "(schema)"}),
        ("CREATE INDEX leftover ON receipt (day)", {"(schema)"}),
        ("ALTER TABLE receipt ADD CONSTRAINT leftover CHECK (amount >= 0) NOT VALID", {"(schema)"}),
        ("ALTER TABLE receipt ALTER note SET DEFAULT ''", {"(schema)"}),
        ("ALTER TABLE receipt ALTER note TYPE varchar(100)", {"(schema)"}),
        ("CREATE SEQUENCE leftover", {"(schema)", "(sequences)"}),
        ("CREATE VIEW leftover AS SELECT 1 AS a", {"(schema)"}),
        ("CREATE TYPE leftover AS ENUM ('a')", {"(schema)"}),
        ("CREATE FUNCTION leftover() RETURNS int LANGUAGE sql AS 'SELECT 1'", {"(schema)"}),
        (TRIGGER, {"(schema)"}),
        ("CREATE SCHEMA cutover; CREATE TABLE cutover.chunk (run text)", set()),
        ("COMMENT ON TABLE receipt IS 'does not count'", set()),
        ("VACUUM", set()),
    ],
)
def test_every_change_shows_where_it_was_made(till: Till, statement: str, entries: set[str]) -> None:
    before = world(till)

    with till.target.autocommit() as connection:
        connection.exec_driver_sql(statement)

    after = world(till)
    assert {name for name in {*before, *after} if before.get(name) != after.get(name)} == entries


def test_a_number_that_was_given_out_shows(till: Till) -> None:
    till.change("CREATE SEQUENCE ticket")
    before = world(till)

    till.change("SELECT nextval('ticket')")

    assert {name for name in before if world(till)[name] != before[name]} == {"(sequences)"}


def test_every_type_of_the_database_has_a_text(till: Till) -> None:
    till.change(ODD)
    with till.target.connect() as connection:
        first = fingerprint_table(connection, till.target.dialect, "odd")

    till.change("UPDATE odd SET a = ARRAY[1, 0]")

    with till.target.connect() as connection:
        assert fingerprint_table(connection, till.target.dialect, "odd") != first
    assert first.rows == 1


def test_settings_of_the_session_do_not_matter(till: Till) -> None:
    before = world(till)
    with till.target.connect() as connection:
        for setting in SETTINGS:
            connection.exec_driver_sql(f"SET {setting}")

        found = fingerprint_database(connection, till.target.dialect)

        assert connection.exec_driver_sql("SHOW DateStyle").scalar_one() == "German, DMY"
    assert found == before


def test_inside_a_transaction_its_own_snapshot_counts(till: Till) -> None:
    """A backup compares with what its own snapshot held."""
    before = world(till)
    with till.target.connect() as connection:
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        connection.exec_driver_sql("SELECT 1 FROM receipt")
        till.change("DELETE FROM receipt")

        assert fingerprint_database(connection, till.target.dialect) == before
        assert connection.in_transaction()

"""What counts as the same: every table of either side, and the number of definitions where their text may change."""

from __future__ import annotations

from cutover.backup.proving import SCHEMA, SEQUENCES, Compared, Proof, compare
from cutover.dataplane.fingerprint import Fingerprint

A, B = Fingerprint(rows=3, digest="aa"), Fingerprint(rows=3, digest="bb")
FEWER = Fingerprint(rows=2, digest="aa")


def different(before: dict[str, Fingerprint], after: dict[str, Fingerprint], *, same_text: bool = True) -> list[str]:
    proof = Proof(tables=compare(before, after, same_text=same_text))
    names = [one.name for one in proof.tables if one.counts and not one.equal]
    assert proof.equal is (not names)
    return names


def test_the_same_tables_prove_a_backup() -> None:
    assert different({"t": A, "u": B}, {"u": B, "t": A}) == []


def test_other_rows_or_another_digest_do_not() -> None:
    assert different({"t": A, "u": A, "v": A}, {"t": B, "u": FEWER, "v": A}) == ["t", "u"]


def test_a_table_on_one_side_only_is_a_difference() -> None:
    assert different({"t": A}, {}) == ["t"]
    assert different({}, {"t": A}) == ["t"]


def test_an_empty_table_is_not_a_missing_one() -> None:
    nothing = Fingerprint(rows=0, digest="00")

    assert different({"t": nothing}, {}) == ["t"]
    assert different({"t": nothing}, {"t": nothing}) == []


def test_definitions_spelt_in_another_way_are_shown_and_do_not_count() -> None:
    (schema,) = compare({SCHEMA: A}, {SCHEMA: B}, same_text=False)

    assert schema == Compared(name=SCHEMA, before=A, after=B, counts=False)
    assert not schema.equal
    assert different({SCHEMA: A}, {SCHEMA: B}, same_text=True) == [SCHEMA]


def test_a_definition_that_is_missing_counts_always() -> None:
    assert different({SCHEMA: A}, {SCHEMA: FEWER}, same_text=False) == [SCHEMA]
    assert different({SCHEMA: A}, {}, same_text=False) == [SCHEMA]


def test_sequences_that_moved_meanwhile_are_left_out() -> None:
    assert compare({"t": A}, {"t": A, SEQUENCES: B}, same_text=True) == compare({"t": A}, {"t": A}, same_text=True)
    assert different({SEQUENCES: A}, {SEQUENCES: B}) == [SEQUENCES]
    assert different({SEQUENCES: A}, {}) == [SEQUENCES]

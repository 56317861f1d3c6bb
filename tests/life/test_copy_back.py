"""Taking a copy back among rows of others: it deletes what the run loaded, told by the keys, or nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cutover.dataplane.identity import NothingToTakeBack
from cutover.dataplane.undo import NotOnlyOurs
from cutover.steps.copy import Copy
from tests.fixtures.databases import ask, fill
from tests.life import test_copy as people
from tests.life.test_copy import BY_WAVE, SPEC, STEP, WAVES, new
from tests.life.world import World, spec_of

make_world, world = people.make_world, people.world


def test_undo_never_deletes_rows_of_others(world: World) -> None:
    world.attempt(STEP, SPEC)
    fill(new(world), "INSERT INTO person (city, age) VALUES ('B', 1)")

    with pytest.raises(
        NotOnlyOurs, match=r"'person' holds 292 rows, and this run loaded 291: 1 .* not load \(id 301\)"
    ):
        world.undo(STEP, SPEC)

    assert ask(new(world), "SELECT count(*) FROM person") == [(292,)]


@pytest.mark.parametrize("kind", ["postgresql", "sqlite"])
def test_undo_never_deletes_a_row_in_the_place_of_another(kind: str, make_world: Callable[..., World]) -> None:
    """The counts balance, the keys do not; other values in loaded rows are nobody's business here."""
    world = make_world(kind)
    world.attempt(STEP, SPEC)
    fill(
        new(world),
        "UPDATE person SET mail = 'x' WHERE id = 8; DELETE FROM person WHERE id = 7; "
        "INSERT INTO person (id, city, age) VALUES (90001, 'B', 1)",
    )

    with pytest.raises(NotOnlyOurs, match=r"1 that it did not load \(id 90001\); 1 that it loaded is gone \(id 7\)"):
        world.undo(STEP, SPEC)
    assert ask(new(world), "SELECT count(*), max(id) FROM person") == [(291, 90001)]

    fill(new(world), "DELETE FROM person WHERE id = 90001; INSERT INTO person (id, city, age) VALUES (7, 'B', 1)")
    assert world.undo(STEP, SPEC) == {"deleted": {"person": 291, "city": 3}}


@pytest.mark.crash
def test_undo_of_a_half_run_never_deletes_rows_of_others(world: World) -> None:
    world.killed_at("copy.chunk.committed#3", STEP, SPEC)
    fill(new(world), "DELETE FROM person WHERE id = 7; INSERT INTO person (id, city, age) VALUES (299, 'B', 1)")

    with pytest.raises(NotOnlyOurs, match=r"1 that it did not load \(id 299\); 1 that it loaded is gone \(id 7\)"):
        world.undo(STEP, SPEC)

    assert ask(new(world), "SELECT count(*) FROM person WHERE id = 299") == [(1,)]


def test_undo_of_a_wave_looks_at_its_keys(world: World) -> None:
    world.attempt(Copy(tables=("city",)), spec_of("copy-city", "copy"))
    spec = spec_of("copy-berlin", "copy", wave=WAVES[0])
    world.attempt(BY_WAVE, spec)
    fill(new(world), "UPDATE person SET id = 9000 WHERE id = (SELECT min(id) FROM person)")

    with pytest.raises(NotOnlyOurs, match=r"1 that it did not load \(id 9000\); 1 that it loaded is gone \(id 3\)"):
        world.undo(BY_WAVE, spec)


@pytest.mark.parametrize("type_", ["uuid", "char(40)"])
def test_undo_knows_keys_that_the_target_spells_its_own_way(type_: str, make_world: Callable[..., World]) -> None:
    """A uuid comes back in small letters, a char(n) with blanks behind it."""
    world = make_world()
    fill(new(world), "DROP TABLE person; DROP TABLE city")
    fill(new(world), f"CREATE TABLE city (code {type_} PRIMARY KEY, name text)")
    fill(world.context(SPEC).database("old"), "UPDATE cities SET code = 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A1' || rowid")
    step = Copy(tables=("city",))
    world.attempt(step, SPEC)

    assert world.undo(step, SPEC) == {"deleted": {"city": 3}}


def test_case_50_an_undo_without_effects_that_should_have_had_some(world: World) -> None:
    """Another database behind the same name, or one that was put back: the ledger there knows nothing of the rows."""
    world.attempt(STEP, SPEC)
    fill(new(world), "DELETE FROM cutover.chunk WHERE table_name = 'person'")

    with pytest.raises(NothingToTakeBack, match="'person': this step loaded 291 rows, and the ledger in 'new' has no"):
        world.undo(STEP, SPEC)

    assert ask(new(world), "SELECT (SELECT count(*) FROM person), (SELECT count(*) FROM city)") == [(291, 3)]

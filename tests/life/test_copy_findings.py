"""What a copy says of rules that match nothing, and of limits that several tables break."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from cutover.dataplane.identity import LimitExceeded
from cutover.model.project import Mode
from cutover.steps.copy import Copy
from tests.fixtures.databases import ask, fill
from tests.fixtures.mapping import column, exception
from tests.life import test_copy as people
from tests.life.test_copy import BY_WAVE, CITY, PERSON, SPEC, STEP, WAVES, new
from tests.life.world import World, spec_of

make_world, world = people.make_world, people.world


def test_a_rule_that_matches_no_row_is_told(make_world: Callable[..., World]) -> None:
    """The NULL among the codes makes NOT IN never true."""
    columns = (*PERSON.columns[:3], column("mail", "mail", null_when="mail = 'nobody'", reason="x"))
    world = make_world(person=replace(PERSON, columns=columns))
    city = replace(CITY, exclude=(exception("X-0", "code IS NULL"),))
    world = replace(world, migrations=(replace(world.migrations[0], tables=(city, world.migrations[0].tables[1])),))
    fill(world.context(SPEC).database("old"), "INSERT INTO cities (name) VALUES ('nowhere')")

    _, ctx = world.attempt(STEP, SPEC)

    why = "NOT IN is never true when a NULL is among what is selected, write NOT EXISTS"
    assert [finding.says for finding in ctx.found if finding.check == "copy rules"] == [
        f"exception 'X-1' of table 'person' matched no row: {why}",
        "null_when of column 'mail' of table 'person' matched no row",
    ]


def test_a_rule_is_not_told_in_a_wave_when_another_wave_has_its_rows(world: World) -> None:
    world.attempt(Copy(tables=("city",)), spec_of("copy-city", "copy"))

    _, ctx = world.attempt(BY_WAVE, spec_of("copy-berlin", "copy", wave=WAVES[0]))

    assert [finding.check for finding in ctx.found] == ["copy quarantine"]


@pytest.fixture
def strict(make_world: Callable[..., World]) -> World:
    """A city without a name, for which there is no room in quarantine, and people for whom there is too little."""
    world = make_world(person=replace(PERSON, quarantine_at_most=7))
    fill(world.context(SPEC).database("old"), "INSERT INTO cities VALUES ('N', NULL)")
    return world


def test_a_rehearsal_says_which_tables_are_over_their_limits(strict: World) -> None:
    with pytest.raises(LimitExceeded) as exceeded:
        strict.attempt(STEP, SPEC)

    assert str(exceeded.value) == (
        "table 'city': 1 row in quarantine, at most 0 are allowed; "
        "table 'person': 8 rows in quarantine, at most 7 are allowed"
    )
    assert ask(new(strict), "SELECT count(*) FROM person") == [(291,)]


def test_a_go_live_stops_at_the_first(strict: World) -> None:
    with pytest.raises(LimitExceeded, match=r"^table 'city': 1 row in quarantine, at most 0 are allowed$"):
        replace(strict, mode=Mode.LIVE).attempt(STEP, SPEC)

    assert ask(new(strict), "SELECT count(*) FROM person") == [(0,)]

"""
The promise: `kill -9` at any named point, then `cutover resume`, ends where an undisturbed run ends.

Real processes, the real signal, a real PostgreSQL. Every kind's own `POINTS` and the engine's are walked, forward and
on the way back, in two ways: one run that dies at every point in turn, and (with CUTOVER_TEST_MATRIX=full, as `make
crash` does) a run of its own for each point. A point that no run reaches fails its test, so that none rots.
"""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from cutover import points
from cutover.app import runs
from cutover.app.workspace import open_workspace
from cutover.engine.observers import NullObserver
from cutover.journal.store import POINTS as JOURNAL_POINTS
from cutover.model.project import Mode
from tests.crash.amount import some
from tests.crash.pictures import Picture, differences, picture
from tests.crash.points_known import BACK, FORWARD, on_the_way_back
from tests.fixtures.shop import Shop

ONE_SHOT = "runbooks/one_shot.yaml"


#: Every event of a run passes the journal's own points: killed at one of the first, in the middle, and late.
IN_THE_JOURNAL = [f"{point}#{nth}" for point in JOURNAL_POINTS for nth in (3, 20, 40)]
EACH_FORWARD = [*(point for point in FORWARD if point not in JOURNAL_POINTS), *IN_THE_JOURNAL]
#: Before there is an attempt that could die: the run is made, and a second one is refused.
MAKING = ("run.created", "run.armed")

#: Of each kind of place one, where every point by itself would take too long.
SOME = ("run.created", "run.files_copied", "copy.chunk.before_commit", "switch.written", "journal.event.committed#20")
SOME_BACK = ("copy.undo.before_commit", "rollback.before_end")


def rehearse(shop: Shop, *more: str, kill_at: str = "") -> int:
    return shop.cutover("rehearse", ONE_SHOT, "--env", "dev", *more, kill_at=kill_at).status


@pytest.fixture(scope="module")
def undisturbed(make_shop: Callable[[], Shop]) -> dict[str, Picture]:
    """How it ends when nothing happens: forward, and there and back."""
    forward, back = make_shop(), make_shop()
    assert rehearse(forward) == 0
    assert rehearse(back, "--drill") == 0
    return {"forward": picture(forward), "back": picture(back)}


@pytest.fixture
def reached(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """The named points of a run in the order in which it first comes to them, looked at from within."""
    monkeypatch.setenv("SHOP_PASSWORD", shop.server.password)

    def look(*, drill: bool) -> list[str]:
        seen: dict[str, None] = {}
        workspace = open_workspace(shop.root)
        points.listen(lambda point: seen.update({point: None}))
        try:
            made = runs.prepare(workspace, Path(shop.root / ONE_SHOT), "dev", mode=Mode.REHEARSAL, drill=drill)
            runs.attempt(workspace, made.run, observer=NullObserver(), watcher=None)
        finally:
            points.listen(None)
        return list(seen)

    return look


def finish(shop: Shop) -> None:
    resumed = shop.cutover("resume", "dev-1")
    assert resumed.status == 0, resumed.out + resumed.err


def same(shop: Shop, expected: Picture) -> None:
    found = picture(shop)
    assert found == expected, "\n".join(differences(expected, found))


def test_one_run_dies_at_every_point_forward(
    make_shop: Callable[[], Shop], undisturbed: dict[str, Picture], reached: Callable[..., list[str]]
) -> None:
    """Thirty deaths and more in one night."""
    order = [point for point in reached(drill=False) if point not in (*MAKING, *JOURNAL_POINTS)]
    assert set(order) >= {*FORWARD} - {*MAKING, *JOURNAL_POINTS}
    shop = make_shop()

    assert rehearse(shop, kill_at=order[0]) == -signal.SIGKILL
    for point in order[1:]:
        died = shop.cutover("resume", "dev-1", kill_at=point)
        assert died.status == -signal.SIGKILL, f"{point} was never reached: {died.out}{died.err}"
    finish(shop)

    same(shop, undisturbed["forward"])


def test_one_run_dies_at_every_point_on_the_way_back(
    make_shop: Callable[[], Shop], undisturbed: dict[str, Picture], reached: Callable[..., list[str]]
) -> None:
    order = [point for point in reached(drill=True) if on_the_way_back(point)]
    assert set(order) == set(BACK)
    shop = make_shop()

    assert rehearse(shop, "--drill", kill_at=order[0]) == -signal.SIGKILL
    for point in (*order[1:], *(f"{point}#2" for point in JOURNAL_POINTS)):
        died = shop.cutover("resume", "dev-1", kill_at=point)
        if point in JOURNAL_POINTS and died.status == 0:
            break
        assert died.status == -signal.SIGKILL, f"{point} was never reached: {died.out}{died.err}"
    finish(shop)

    same(shop, undisturbed["back"])


@pytest.mark.parametrize("point", some(EACH_FORWARD, SOME))
def test_killed_on_the_way_forward(point: str, make_shop: Callable[[], Shop], undisturbed: dict[str, Picture]) -> None:
    shop = make_shop()

    assert rehearse(shop, kill_at=point) == -signal.SIGKILL, f"{point} was never reached"
    finish(shop)

    same(shop, undisturbed["forward"])


@pytest.mark.parametrize("point", some(BACK, SOME_BACK))
def test_killed_on_the_way_back(point: str, make_shop: Callable[[], Shop], undisturbed: dict[str, Picture]) -> None:
    shop = make_shop()

    assert rehearse(shop, "--drill", kill_at=point) == -signal.SIGKILL, f"{point} was never reached"
    finish(shop)

    same(shop, undisturbed["back"])


@pytest.mark.parametrize("nth", some((2, 4, 6), (4,)))
def test_case_47_killed_in_the_middle_of_a_copy(nth: int, make_shop: Callable[[], Shop]) -> None:
    """The work of the chunks that were committed is not done again, and none is missing."""
    shop = make_shop()

    assert rehearse(shop, kill_at=f"copy.chunk.committed#{nth}") == -signal.SIGKILL
    rows = shop.new("dev", "SELECT sum(loaded) FROM cutover.chunk")
    finish(shop)

    assert rows[0][0] > 0
    assert shop.new("dev", 'SELECT count(*), count(DISTINCT order_id) FROM "order"') == [(1995, 1995)]

"""
The promise: `kill -9` at any named point, then `cutover resume`, ends where an undisturbed run ends.

Real processes, the real signal, a real PostgreSQL. Every kind's own `POINTS` and the engine's are
walked, forward and on the way back; a point that no run reaches fails its test, so that none rots.
"""

from __future__ import annotations

import importlib
import json
import pkgutil
import signal
from collections.abc import Callable

import pytest

import cutover.steps
from cutover.engine import POINTS as ENGINE_POINTS
from cutover.journal.store import POINTS as JOURNAL_POINTS
from tests.fixtures.shop import Shop

ONE_SHOT = "runbooks/one_shot.yaml"


def step_points() -> list[str]:
    """Every point that a step kind names, from the kinds themselves."""
    points: list[str] = []
    for found in pkgutil.iter_modules(cutover.steps.__path__):
        points += getattr(importlib.import_module(f"cutover.steps.{found.name}"), "POINTS", ())
    return points


def on_the_way_back(point: str) -> bool:
    return "undo" in point or "rollback" in point


POINTS = sorted({*step_points(), *ENGINE_POINTS})
#: Every event of a run passes the journal's own points: killed at one of the first, in the middle, and late.
IN_THE_JOURNAL = [f"{point}#{nth}" for point in JOURNAL_POINTS for nth in (3, 20, 40)]
FORWARD = [*(point for point in POINTS if not on_the_way_back(point)), *IN_THE_JOURNAL]
BACK = [point for point in POINTS if on_the_way_back(point)]

Picture = dict[str, object]


def picture(shop: Shop) -> Picture:
    """What counts at the end: every row of the new system, the connection file, the journal's word, the identity."""
    there = shop.new("dev", "SELECT to_regclass('public.customer') IS NOT NULL") == [(True,)]
    status = shop.cutover("report", "dev-1", "--json").json
    return {
        "customers": shop.new("dev", "SELECT * FROM customer ORDER BY code") if there else None,
        "orders": shop.new("dev", 'SELECT * FROM "order" ORDER BY order_id') if there else None,
        "sequence": shop.new("dev", "SELECT nextval(pg_get_serial_sequence('\"order\"', 'order_id'))")
        if there
        else None,
        "application": _without_run_details((shop.root / "dev/application.json").read_text()),
        "status": status["status"],
        "tables": status["tables"],
        "quarantine": sorted(map(json.dumps, status["quarantine"])),
        "scratch": shop.new("dev", "SELECT count(*) FROM pg_database WHERE datname LIKE 'cutover_restore%dev%'"),
    }


def _without_run_details(text: str) -> object:
    document = json.loads(text)
    document.pop("written_at", None)
    return document


@pytest.fixture(scope="module")
def undisturbed() -> dict[str, Picture]:
    return {}


def finish(shop: Shop) -> None:
    resumed = shop.cutover("resume", "dev-1")
    assert resumed.status == 0, resumed.out + resumed.err


@pytest.mark.parametrize("point", FORWARD)
def test_killed_on_the_way_forward(point: str, make_shop: Callable[[], Shop], undisturbed: dict[str, Picture]) -> None:
    if "forward" not in undisturbed:
        calm = make_shop()
        assert calm.cutover("rehearse", ONE_SHOT, "--env", "dev").status == 0
        undisturbed["forward"] = picture(calm)
    shop = make_shop()

    killed = shop.cutover("rehearse", ONE_SHOT, "--env", "dev", kill_at=point)

    assert killed.status == -signal.SIGKILL, f"{point} was never reached: {killed.out}{killed.err}"
    finish(shop)
    assert picture(shop) == undisturbed["forward"]


@pytest.mark.parametrize("point", BACK)
def test_killed_on_the_way_back(point: str, make_shop: Callable[[], Shop], undisturbed: dict[str, Picture]) -> None:
    if "back" not in undisturbed:
        calm = make_shop()
        assert calm.cutover("rehearse", ONE_SHOT, "--env", "dev", "--drill").status == 0
        undisturbed["back"] = picture(calm)
    shop = make_shop()

    killed = shop.cutover("rehearse", ONE_SHOT, "--env", "dev", "--drill", kill_at=point)

    assert killed.status == -signal.SIGKILL, f"{point} was never reached: {killed.out}{killed.err}"
    finish(shop)
    assert picture(shop) == undisturbed["back"]


@pytest.mark.parametrize("nth", [2, 4, 6])
def test_killed_in_the_middle_of_a_copy(
    nth: int, make_shop: Callable[[], Shop], undisturbed: dict[str, Picture]
) -> None:
    """The work of the chunks that were committed is not done again, and none is missing."""
    shop = make_shop()

    killed = shop.cutover("rehearse", ONE_SHOT, "--env", "dev", kill_at=f"copy.chunk.committed#{nth}")
    rows = shop.new("dev", "SELECT sum(loaded) FROM cutover.chunk")
    finish(shop)

    assert killed.status == -signal.SIGKILL
    assert rows[0][0] > 0
    assert shop.new("dev", 'SELECT count(*), count(DISTINCT order_id) FROM "order"') == [(1995, 1995)]


def test_killed_twice_and_once_on_the_way_back(shop: Shop) -> None:
    """One night, three deaths."""
    assert shop.cutover("rehearse", ONE_SHOT, "--env", "dev", "--drill", kill_at="copy.chunk.committed#3").status == -9
    assert shop.cutover("resume", "dev-1", kill_at="switch.renamed").status == -9
    assert shop.cutover("resume", "dev-1", kill_at="copy.undo.before_commit").status == -9

    finish(shop)

    assert shop.new("dev", "SELECT to_regclass('customer') IS NULL") == [(True,)]
    assert (shop.root / "dev/application.json").read_text() == '{"default": "old"}\n'

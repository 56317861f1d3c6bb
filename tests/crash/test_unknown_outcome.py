"""
The line to the target is cut around a COMMIT: the engine asks the world on a fresh connection, and goes on.

Whatever had become of the command, at the end every row is there exactly once; forward and on the way back.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cutover.errors import ExitStatus
from tests.crash.amount import some
from tests.crash.pictures import world
from tests.fixtures.proxy import Cut, Proxy
from tests.fixtures.shop import Shop

ONE_SHOT = "runbooks/one_shot.yaml"

#: What a transaction of the step has said before it commits.
FORWARD = {
    "create-schema": ('INSERT INTO cutover."applied"', "COMMIT", 1),
    "copy-all, its first chunk": ('INSERT INTO cutover."chunk"', "COMMIT", 1),
    "copy-all, in the middle": ('INSERT INTO cutover."chunk"', "COMMIT", 5),
    "copy-all, a number generator": ("setval", "COMMIT", 1),
}
BACK = {
    "copy-all": ('DELETE FROM cutover."chunk"', "COMMIT", 1),
    "create-schema": ('DELETE FROM cutover."applied"', "COMMIT", 1),
}


@pytest.fixture
def line(shop: Shop, make_proxy: Callable[[int], Proxy]) -> Proxy:
    """The shop's new system in dev is reached through it; each step may be tried again at once."""
    proxy = make_proxy(shop.server.port)
    new = f"127.0.0.1:{{}}/{shop.databases['dev']}"
    shop.edit("cutover.yaml", new.format(shop.server.port), new.format(proxy.port))
    for step in ("create-schema", "copy-all"):
        shop.edit(
            "runbooks/one_shot.yaml", f"step: {step}\n", f"step: {step}\n        retry: {{tries: 3, wait: 1 ms}}\n"
        )
    return proxy


@pytest.fixture(scope="module")
def undisturbed(make_shop: Callable[[], Shop]) -> dict[str, object]:
    shop = make_shop()
    before = world(shop)
    assert shop.cutover("rehearse", ONE_SHOT, "--env", "dev").status == 0
    return {"before": before, "after": world(shop)}


def fates(shop: Shop) -> list[str]:
    """The outcomes that nobody knew, and what was found when the world was asked."""
    report = shop.cutover("report", "dev-1", "--json").json
    return [one["detail"] for one in report["failures"] if one["outcome"] == "outcome unknown"]


@pytest.mark.parametrize("cut", Cut, ids=["before", "after"])
@pytest.mark.parametrize("where", some(FORWARD, ("create-schema", "copy-all, in the middle")))
def test_case_46_forward_nothing_is_applied_twice(
    where: str, cut: Cut, shop: Shop, line: Proxy, undisturbed: dict[str, object]
) -> None:
    text, command, nth = FORWARD[where]
    line.cut_at(cut, text, command=command, nth=nth)

    ran = shop.cutover("rehearse", ONE_SHOT, "--env", "dev")

    assert line.cuts == 1, "the line was never cut"
    assert ran.status == 0, ran.out + ran.err
    assert world(shop) == undisturbed["after"]
    assert any("the link was lost before the answer came" in said for said in fates(shop))


@pytest.mark.parametrize("cut", Cut, ids=["before", "after"])
@pytest.mark.parametrize("where", some(BACK, ("copy-all",)))
def test_case_45_back_everything_is_taken_back_once(
    where: str, cut: Cut, shop: Shop, line: Proxy, undisturbed: dict[str, object]
) -> None:
    text, command, nth = BACK[where]
    line.cut_at(cut, text, command=command, nth=nth)

    ran = shop.cutover("rehearse", ONE_SHOT, "--env", "dev", "--drill")

    assert line.cuts == 1, "the line was never cut"
    assert ran.status == 0, ran.out + ran.err
    assert world(shop) == undisturbed["before"]
    report = shop.cutover("report", "dev-1", "--json").json
    assert report["status"] == "rolled_back"


@pytest.mark.parametrize("cut", some(Cut, (Cut.AFTER,)))
def test_case_49_without_a_rule_to_try_again_a_person_resumes(
    cut: Cut, shop: Shop, line: Proxy, undisturbed: dict[str, object]
) -> None:
    """The ledger's line is in the transaction of the rows, so the next attempt knows what the last one did."""
    shop.edit("runbooks/one_shot.yaml", "step: copy-all\n        retry: {tries: 3, wait: 1 ms}\n", "step: copy-all\n")
    line.cut_at(cut, *FORWARD["copy-all, in the middle"][:1], nth=5)

    ran = shop.cutover("rehearse", ONE_SHOT, "--env", "dev")
    if ran.status != 0:  # unknown is never a reason to roll back
        assert ran.status == ExitStatus.OUTCOME_UNKNOWN, ran.out + ran.err
        assert shop.new("dev", "SELECT count(*) > 0 FROM customer") == [(True,)]
        assert shop.cutover("resume", "dev-1").status == 0

    assert line.cuts == 1
    assert world(shop) == undisturbed["after"]


def test_the_line_is_cut_at_every_chunk(shop: Shop, line: Proxy, undisturbed: dict[str, object]) -> None:
    """A bad night: each try brings one chunk at least, and none twice."""
    shop.edit("runbooks/one_shot.yaml", "copy-all\n        retry: {tries: 3,", "copy-all\n        retry: {tries: 20,")
    line.cut_at(Cut.AFTER, 'INSERT INTO cutover."chunk"', times=100)

    ran = shop.cutover("rehearse", ONE_SHOT, "--env", "dev")

    assert line.cuts == len(shop.new("dev", "SELECT 1 FROM cutover.chunk")) == 8
    assert ran.status == 0, ran.out + ran.err
    assert world(shop) == undisturbed["after"]

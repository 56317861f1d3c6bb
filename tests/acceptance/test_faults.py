"""Rehearsals that are put through faults on purpose, from the command line."""

from __future__ import annotations

from tests.fixtures.shop import Shop

RUNBOOK = "runbooks/one_shot.yaml"


def card(shop: Shop, run: str) -> dict[str, tuple[str, str]]:
    told = shop.cutover("report", run, "--json").json
    return {point["what"]: (point["tone"], point["says"]) for point in told["scorecard"]}


def test_a_process_that_is_killed_on_purpose_is_resumed_and_counted(shop: Shop) -> None:
    faults = ("--inject", "kill@copy-all", "--inject", "lose@create-schema", "--inject", "slow:2x@reconcile-all")
    killed = shop.cutover("rehearse", RUNBOOK, "--env", "dev", *faults)
    assert killed.status in (-9, 137), killed.out + killed.err
    assert card(shop, "dev-1")["kill@copy-all"][0] == "bad"

    resumed = shop.cutover("resume", "dev-1")

    assert resumed.status == 0, resumed.out + resumed.err
    assert shop.new("dev", 'SELECT count(*) FROM "order"') == [(1995,)]
    told = card(shop, "dev-1")
    assert {told[fault][0] for fault in ("kill@copy-all", "lose@create-schema", "slow:2x@reconcile-all")} == {"good"}


def test_a_failure_on_purpose_comes_all_the_way_back(shop: Shop) -> None:
    failed = shop.cutover("rehearse", RUNBOOK, "--env", "dev", "--inject", "fail@reconcile-all")

    assert failed.status == 8, failed.out + failed.err
    assert shop.new("dev", "SELECT to_regclass('customer') IS NULL") == [(True,)]
    assert card(shop, "dev-1")["fail@reconcile-all"] == (
        "good",
        "the step failed behind its effects; everything came back",
    )


def test_a_fault_that_is_none_is_refused_before_there_is_a_run(shop: Shop) -> None:
    refused = shop.cutover("rehearse", RUNBOOK, "--env", "dev", "--inject", "kil@copy-all")

    assert refused.status == 2
    assert "did you mean 'kill'?" in refused.err
    assert shop.cutover("status", "--json").json["runs"] == []

"""Ctrl-C while SQLite is busy with one long query, in which no signal of Python's is heard."""

from __future__ import annotations

import os
import signal
import sqlite3
import time

from cutover.errors import ExitStatus
from tests.fixtures.forked import Started
from tests.fixtures.shop import Shop

ONE_SHOT = "runbooks/one_shot.yaml"

#: A query that takes as long as a table says, so that the resumed run need not wait.
SLOW = """\
      - step: slow
        check:
          in: old
          checks:
            - sql: >-
                WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < (SELECT upto FROM pace))
                SELECT count(*) > 0 FROM n
              expect: "1"
              says: it takes time
      - step: back-up-old
"""


def at_work(shop: Shop, process: Started) -> None:
    """Return when the slow step's query has begun."""
    deadline = time.monotonic() + 60
    while True:
        runs = shop.cutover("status", "--json").json["runs"]
        if runs and "slow" in [one["step"] for one in _steps(shop) if one["status"] == "running"]:
            time.sleep(0.5)
            return
        assert time.monotonic() < deadline, "the slow step did not begin"
        time.sleep(0.1)


def _steps(shop: Shop) -> list[dict[str, str]]:
    steps: list[dict[str, str]] = shop.cutover("status", "dev-1", "--json").json["steps"]
    return steps


def pace(shop: Shop, upto: int) -> None:
    with sqlite3.connect(shop.root / "dev/old.db") as old:
        old.execute("DROP TABLE IF EXISTS pace")
        old.execute(f"CREATE TABLE pace AS SELECT {upto} AS upto")


def test_the_second_one_leaves_at_once_and_the_run_goes_on_later(shop: Shop) -> None:
    shop.edit(ONE_SHOT, "      - step: back-up-old\n", SLOW)
    pace(shop, 10**12)
    process = shop.start("rehearse", ONE_SHOT, "--env", "dev")
    at_work(shop, process)

    os.kill(process.pid, signal.SIGINT)
    time.sleep(1)
    os.kill(process.pid, signal.SIGINT)
    ended = process.wait(20)  # the query would go on for days

    assert ended.status == ExitStatus.WAITING_FOR_PERSON, f"{ended.status}: {ended.out}{ended.err}"
    assert "cutover resume dev-1" in ended.out
    assert "Traceback" not in ended.err
    pace(shop, 1)
    resumed = shop.cutover("resume", "dev-1")
    assert resumed.status == 0, resumed.out + resumed.err

"""
What counts at the end of a run, for a comparison: the world, and the report but for its times.

A kill may change when things happened, which process did them and in how many goes. It may change nothing else.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Mapping
from typing import Any

from tests.fixtures.shop import Shop

Picture = dict[str, Any]

#: Parts of the report that tell how the run went, go by go, and not what came of it.
_THE_WAY = frozenset({"attempts", "events", "failures", "timeline", "journal", "generated_at", "prefect"})

#: Members that say when, how long or in how many goes.
_TIMES = frozenset("at began ended created started last_event tries took attempt forecast".split())

_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT[0-9:.]+(?:Z|\+00:00)|\d\d:\d\d:\d\d(?: UTC)?")
_DURATION = re.compile(r"\b\d+(?:[.:]\d+)* ?(?:ms|s|min|h)\b")
_LOT = re.compile(r"(cutover_restore_\w+?)_[0-9a-f]{8}")


def picture(shop: Shop, environment: str = "dev", run: str = "dev-1") -> Picture:
    """The world and the report at the end of a run."""
    return {**world(shop, environment), "report": report(shop, run)}


def world(shop: Shop, environment: str = "dev") -> Picture:
    """Every row of the new system, its sequence, the connection file, and databases that were left behind."""
    there = shop.new(environment, "SELECT to_regclass('public.customer') IS NOT NULL") == [(True,)]
    return {
        "customers": shop.new(environment, "SELECT * FROM customer ORDER BY code") if there else None,
        "orders": shop.new(environment, 'SELECT * FROM "order" ORDER BY order_id') if there else None,
        "sequence": shop.new(environment, "SELECT last_value, is_called FROM order_order_id_seq") if there else None,
        "application": (shop.root / environment / "application.json").read_text(),
        "beside it": sorted(file.name for file in (shop.root / environment).iterdir()),
        "scratch": shop.new(
            environment, f"SELECT count(*) FROM pg_database WHERE datname LIKE 'cutover_restore_{environment}%'"
        ),
    }


def report(shop: Shop, run: str) -> Picture:
    """The report as data, without what a kill may change."""
    asked = shop.cutover("report", run, "--json")
    assert asked.status == 0, asked.out + asked.err
    found = {name: part for name, part in asked.json.items() if name not in _THE_WAY}
    text = json.dumps(_timeless(found)).replace(shop.root.name.replace("-", "_"), "SHOP")
    return dict(json.loads(text.replace(str(shop.root), "ROOT")))


def differences(one: Picture, other: Picture) -> list[str]:
    """Lines that differ, for a person."""
    texts = [json.dumps(each, indent=1, sort_keys=True, default=str).splitlines() for each in (one, other)]
    return list(difflib.unified_diff(*texts, n=2, lineterm=""))[:60]


def _timeless(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _timeless(one) for name, one in value.items() if not _is_time(name)}
    if isinstance(value, list):
        return [_timeless(one) for one in value]
    if isinstance(value, str):
        return _LOT.sub(r"\1_LOT", _DURATION.sub("TIME", _MOMENT.sub("MOMENT", value)))
    return value


def _is_time(name: str) -> bool:
    return name in _TIMES or name.endswith("_ms")

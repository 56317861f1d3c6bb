"""Facts as the step kinds return them (docs/map.md), with the numbers of the reference project."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cutover.content import digest

TABLES = {"airline": 16, "airport": 1458, "aircraft": 3322, "flight": 329174, "weather_observation": 26114}


EXCEPTION = {
    "id": "X-1",
    "reason": "destinations in Puerto Rico that the register does not know",
    "signed_by": "eve",
    "signed_on": "2026-11-02",
    "rows": 7602,
}


def print_of(name: str) -> str:
    """The digest of a table's fingerprint."""
    return digest(name).removeprefix("sha256:")[:32]


def world(*, changed: bool = False) -> dict[str, str]:
    """The data of `run.proof`."""
    old = {
        f"old.{name}": f"{rows} rows {print_of(name)}"
        for name, rows in (("flights", 336776), ("weather", 26115), ("planes", 3322))
    }
    new = {"new.(schema)": f"{4 if changed else 3} rows {print_of('left over' if changed else 'empty')}"}
    return {**old, **new, "application": digest("old")}


def checks() -> list[dict[str, Any]]:
    """Two checks that passed."""
    return [
        {"says": "the old system holds the flights of the year", "expected": "336776", "got": "336776", "passed": True},
        {"says": "every flight leaves from an airport of the register", "expected": "0", "got": "0", "passed": True},
    ]


def backup() -> dict[str, Any]:
    """A backup of the old system."""
    tables = {
        name: {"rows": rows, "digest": print_of(name)} for name, rows in (("flights", 336776), ("weather", 26115))
    }
    return {
        "database": "old",
        "file": ".cutover/runs/production-1/old.db",
        "bytes": 38_211_584,
        "sha256": digest("backup"),
        "tables": tables,
    }


def restored(*, equal: bool = True) -> dict[str, Any]:
    """The proof of that backup."""
    tables = {name: {**row, "equal": equal} for name, row in backup()["tables"].items()}
    return {"backup": "back-up-old", "tables": tables, "equal": equal}


def table(name: str, extracted: int, **counts: Any) -> dict[str, Any]:
    """One table of a copy; balanced unless told otherwise."""
    left = counts.get("quarantined", 0) + counts.get("excluded", 0)
    usual = {
        "table": name,
        "extracted": extracted,
        "loaded": extracted - left,
        "quarantined": 0,
        "excluded": 0,
        "nulled": 0,
    }
    more = {"chunks": 1 + extracted // 50_000, "balanced": True, "exclusions": [], "nulls": [], "reasons": {}}
    return {**usual, **more, **counts}


def reference() -> list[dict[str, Any]]:
    """The small tables."""
    return [table("airline", 16), table("airport", 1458), table("aircraft", 3322)]


def flights() -> list[dict[str, Any]]:
    """The big one, with a signed exception and values made NULL."""
    null = {"column": "tail_number", "reason": "the aircraft is not in the register", "rows": 50094}
    return [table("flight", 336776, excluded=7602, nulled=50094, exclusions=[EXCEPTION], nulls=[null])]


def weather() -> list[dict[str, Any]]:
    """One row in quarantine."""
    return [table("weather_observation", 26115, quarantined=1, reasons={"wind_speed:less_than_or_equal_to(254)": 1})]


def quarantine_finding() -> dict[str, Any]:
    """What the copy says of it."""
    return {
        "check": "copy quarantine",
        "table": "weather_observation",
        "says": "1 row was not loaded",
        "count": 1,
        "severity": "warning",
        "columns": ["key", "reasons"],
        "samples": [["1010", "wind_speed:less_than_or_equal_to(254)"]],
        "step": "",
    }


def difference_findings() -> list[dict[str, Any]]:
    """What a reconciliation says of one changed row."""
    return [
        {
            "check": "reconcile total",
            "table": "flight",
            "says": "total 'flights and minutes in the air by carrier and month' differs in 1 of 185 groups",
            "count": 1,
            "severity": "error",
            "columns": ["carrier", "month", "measure", "source", "left out", "target"],
            "samples": [["UA", "2013-06", "minutes", "987654", "1021", "986634"]],
            "step": "",
        },
        {
            "check": "reconcile fingerprint",
            "table": "flight",
            "says": "1 row has other values in the target",
            "count": 1,
            "severity": "error",
            "columns": ["key", "column", "source", "target"],
            "samples": [["200001", "air_minutes", "154", "155"]],
            "step": "",
        },
    ]


def rules() -> list[dict[str, Any]]:
    """Rules that hold in the target."""
    return [
        {
            "table": name,
            "rows": rows,
            "rules": [
                {"rule": "unique(key)", "kind": "unique", "failed": 0},
                {"rule": "isin(carrier)", "kind": "row", "failed": 0},
            ],
        }
        for name, rows in TABLES.items()
    ]


def compared(name: str, source: int, left_out: int = 0, **more: Any) -> dict[str, Any]:
    """One table of a reconciliation; equal unless told otherwise."""
    sides = {"source_digest": print_of(name), "target_digest": print_of(name)}
    counts = {"chunks": 1 + source // 50_000, "differing_chunks": 0, "missing": 0, "extra": 0, "changed": 0}
    return {
        "table": name,
        "source_rows": source,
        "left_out": left_out,
        "target_rows": source - left_out,
        **sides,
        **counts,
        **more,
    }


def reconciled() -> dict[str, Any]:
    """Everything agrees."""
    measures = {
        "flights": {"source": "336776", "left_out": "7602", "target": "329174"},
        "minutes": {"source": "49326610", "left_out": "1458900", "target": "47867710"},
    }
    total = {
        "table": "flight",
        "total": "flights and minutes in the air by carrier and month",
        "groups": 185,
        "differing": 0,
    }
    left_out = {"flight": 7602, "weather_observation": 1}
    return {
        "tables": [
            compared(name, rows + left_out.get(name, 0), left_out.get(name, 0)) for name, rows in TABLES.items()
        ],
        "totals": [{**total, "measures": measures}],
        "waves": [],
    }


_WAVES: Mapping[str, int] = {"newark": 118_000, "kennedy": 108_000}


def wave_copied(wave: str) -> list[dict[str, Any]]:
    """One wave of the flights."""
    return [table("flight", _WAVES[wave], excluded=2000, exclusions=[{**EXCEPTION, "rows": 2000}])]


def wave_reconciled(number: int) -> dict[str, Any]:
    """All waves so far and the remainder."""
    moved = sum(list(_WAVES.values())[: number + 1])
    wave = {"table": "flight", "original": 336776, "moved": moved, "remainder": 336776 - moved, "balanced": True}
    return {"tables": [compared("flight", moved, 2000)], "totals": [], "waves": [wave]}

"""
What the steps' facts say about the data: rows and their identity, totals, fingerprints, waves, rules, backups.

Pure: plain facts in (docs/map.md, "Facts that steps return"), plain values out, ready for JSON and
for the template. Every sum is worked out again here from the counts; what a step claims about
itself (`balanced`, `equal`) can only make the verdict worse, never better, and what is missing
never passes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Plain = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class StepFacts:
    """What one step returned, with what the report needs to know of the step."""

    step: str
    kind: str
    wave: str = ""
    undone: bool = False
    facts: Mapping[str, Any] = field(default_factory=dict)


def copies(steps: Iterable[StepFacts]) -> list[Plain]:
    """One row per table of every copy step, with the identity *extracted = loaded + quarantined + excluded*."""
    return [_copied(step, table) for step in steps if step.kind == "copy" for table in _tables(step)]


def identity(rows: Sequence[Plain]) -> Plain:
    """The sum over all copied tables; balanced only when every single table is."""
    total: Plain = {name: sum(row[name] for row in rows) for name in ("extracted", *_PARTS, "nulled")}
    return {**total, "tables": len(rows), "balanced": bool(rows) and all(row["balanced"] for row in rows)}


def fingerprints(steps: Iterable[StepFacts]) -> list[Plain]:
    """One row per table of every reconcile step: both sides' counts and digests, and what differs."""
    return [_compared(step, table) for step in steps if step.kind == "reconcile" for table in _tables(step)]


def totals(steps: Iterable[StepFacts]) -> list[Plain]:
    """One row per control total and measure: source = left out + target, and how many groups differ."""
    return [
        _measured(step, total, name, measure)
        for step in steps
        if step.kind == "reconcile"
        for total in step.facts.get("totals", ())
        for name, measure in (total.get("measures") or {"": {}}).items()
    ]


def waves(steps: Iterable[StepFacts]) -> list[Plain]:
    """After each wave and for each table: all waves so far + remainder = original."""
    return [_wave(step, row) for step in steps if step.kind == "reconcile" for row in step.facts.get("waves", ())]


def rules(steps: Iterable[StepFacts]) -> list[Plain]:
    """One row per table of every validate step, with its rules."""
    return [
        {
            "step": step.step,
            "wave": step.wave,
            "table": str(table.get("table", "")),
            "rows": _number(table.get("rows")),
            "rules": [_rule(rule) for rule in table.get("rules", ())],
            "failed": sum(_number(rule.get("failed")) for rule in table.get("rules", ())),
        }
        for step in steps
        if step.kind == "validate"
        for table in _tables(step)
    ]


def backups(steps: Iterable[StepFacts]) -> list[Plain]:
    """Every backup, with the restore that proved it; one without a proof says so."""
    known = tuple(steps)
    restores = [step for step in known if step.kind == "restore_check"]
    return [_backup(step, restores) for step in known if step.kind == "backup"]


def checks(steps: Iterable[StepFacts]) -> list[Plain]:
    """What check and smoke steps looked at, what they expected and what they got."""
    return [
        {
            "step": step.step,
            "kind": step.kind,
            "says": str(check.get("says", "")),
            "expected": str(check.get("expected", "")),
            "got": str(check.get("got", "")),
            "passed": check.get("passed") is True,
        }
        for step in steps
        if step.kind in ("check", "smoke")
        for check in step.facts.get("checks", ())
    ]


def switches(steps: Iterable[StepFacts]) -> list[Plain]:
    """Where the application pointed before and after every switch, and whether that was taken back."""
    return [
        {
            "step": step.step,
            "file": str(step.facts.get("file", "")),
            "before": _says(step.facts.get("before")),
            "after": _says(step.facts.get("after")),
            "undone": step.undone,
        }
        for step in steps
        if step.kind == "switch" and step.facts
    ]


_PARTS = ("loaded", "quarantined", "excluded")


def _copied(step: StepFacts, table: Mapping[str, Any]) -> Plain:
    counts = {name: _number(table.get(name)) for name in ("extracted", *_PARTS, "nulled")}
    difference = counts["extracted"] - sum(counts[name] for name in _PARTS)
    return {
        "step": step.step,
        "wave": step.wave,
        "table": str(table.get("table", "")),
        **counts,
        "chunks": _number(table.get("chunks")),
        "difference": difference,
        "balanced": difference == 0 and table.get("balanced") is True,
        "undone": step.undone,
        "exclusions": [_exclusion(row) for row in table.get("exclusions", ())],
        "nulls": [
            {"column": _says(row.get("column")), "reason": _says(row.get("reason")), "rows": _number(row.get("rows"))}
            for row in table.get("nulls", ())
        ],
        "reasons": [
            {"rule": rule, "rows": _number(rows)} for rule, rows in sorted((table.get("reasons") or {}).items())
        ],
    }


def _exclusion(row: Mapping[str, Any]) -> Plain:
    return {
        **{name: _says(row.get(name)) for name in ("id", "reason", "signed_by", "signed_on")},
        "rows": _number(row.get("rows")),
    }


def _compared(step: StepFacts, table: Mapping[str, Any]) -> Plain:
    names = ("source_rows", "left_out", "target_rows", "chunks", "differing_chunks", "missing", "extra", "changed")
    row: Plain = {name: _number(table.get(name)) for name in names}
    digests = {name: _says(table.get(name)) for name in ("source_digest", "target_digest")}
    differs = row["differing_chunks"] + row["missing"] + row["extra"] + row["changed"]
    return {
        "step": step.step,
        "wave": step.wave,
        "table": str(table.get("table", "")),
        **row,
        **digests,
        "equal": differs == 0
        and digests["source_digest"] != ""
        and digests["source_digest"] == digests["target_digest"]
        and row["source_rows"] == row["left_out"] + row["target_rows"],
    }


def _measured(step: StepFacts, total: Mapping[str, Any], name: str, measure: Mapping[str, Any]) -> Plain:
    differing = _number(total.get("differing"))
    return {
        "step": step.step,
        "wave": step.wave,
        "table": _says(total.get("table")),
        "total": _says(total.get("total")),
        "measure": name,
        "groups": _number(total.get("groups")),
        "differing": differing,
        **{side: _says(measure.get(side)) for side in ("source", "left_out", "target")},
        "equal": total.get("differing") == 0,
    }


def _wave(step: StepFacts, row: Mapping[str, Any]) -> Plain:
    counts = {name: _number(row.get(name)) for name in ("original", "moved", "remainder")}
    adds_up = counts["original"] == counts["moved"] + counts["remainder"]
    return {
        "step": step.step,
        "wave": step.wave,
        "table": _says(row.get("table")),
        **counts,
        "balanced": adds_up and row.get("balanced") is True,
    }


def _rule(rule: Mapping[str, Any]) -> Plain:
    failed = _number(rule.get("failed"))
    named = {name: _says(rule.get(name)) for name in ("rule", "kind")}
    return {**named, "failed": failed, "holds": rule.get("failed") == 0}


def _backup(step: StepFacts, restores: Sequence[StepFacts]) -> Plain:
    proof = next((one for one in restores if one.facts.get("backup") in (step.step, step.facts.get("file"))), None)
    tables = (proof.facts.get("tables") if proof else None) or {}
    return {
        "step": step.step,
        "database": _says(step.facts.get("database")),
        "file": _says(step.facts.get("file")),
        "bytes": _number(step.facts.get("bytes")),
        "sha256": _says(step.facts.get("sha256")),
        "tables": [
            {
                "table": name,
                "rows": _number(row.get("rows")),
                "digest": _says(row.get("digest")),
                "equal": (tables.get(name) or {}).get("equal") is True,
            }
            for name, row in sorted((step.facts.get("tables") or {}).items())
        ],
        "restore": "" if proof is None else proof.step,
        "proved": proof is not None and proof.facts.get("equal") is True,
    }


def _tables(step: StepFacts) -> Iterable[Mapping[str, Any]]:
    found = step.facts.get("tables", ())
    return found if isinstance(found, (list, tuple)) else ()


def _number(value: object) -> int:
    """A count; facts keep whole numbers, and big ones as text."""
    return int(value) if isinstance(value, (int, str)) and str(value).lstrip("-").isdigit() else 0


def _says(value: object) -> str:
    return "" if value is None else str(value)

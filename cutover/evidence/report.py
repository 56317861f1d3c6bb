"""
The report of one run: everything that is known of it as plain JSON data, and the page that is made from it.

Called by `app.reports`. Pure but for reading the package's own templates: events in, a document out;
nothing here opens a journal or a database. What the sections mean: docs/report.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from cutover import __version__
from cutover.evidence import data_sections, people, quarantine, record, schedule, scorecard, summary, way_back
from cutover.evidence.data_sections import Plain
from cutover.evidence.quarantine import Kept
from cutover.evidence.reading import Reading, read
from cutover.evidence.rendering import render
from cutover.evidence.words import iso
from cutover.model.event import Event
from cutover.model.outcome import Severity
from cutover.model.status import EventKind
from cutover.redact import redact

__all__ = ["document", "render"]

#: Step kinds that prove something.
PROOFS = frozenset({"check", "reconcile", "restore_check", "smoke", "validate"})

_FINDING_TONES = {Severity.ERROR: "bad", Severity.WARNING: "warn", Severity.INFO: "calm"}


def document(
    events: Sequence[Event],
    *,
    chain_problems: Sequence[str] | None,
    kept: Kept | None = None,
    generated_at: datetime | None = None,
    proofs: people.Proofs | None = None,
) -> Plain:
    """
    Everything that is known of the run, as plain JSON values; shapes in docs/report.md.

    `chain_problems` is what a check of the journal's chain found, None when nobody looked. `kept` is what stands
    in quarantine, `proofs` what was found of signatures and files of evidence. Known secrets are taken out of every
    text, and what no UTF-8 can hold is written as `\\udc96`. Raises NotPossible when the events are no run.
    """
    told = read(events)
    sections = {
        **_data(told, kept or Kept()),
        **_story(told, proofs or people.Proofs()),
        "journal": record.journal(told, chain_problems),
    }
    whole = {
        "run": summary.run(told, sections["tables"]),
        "status": str(told.state.status),
        "alarms": summary.alarms(told, sections),
        "strip": summary.strip(told, sections),
        "scorecard": scorecard.card(told, sections),
        **sections,
        "events": record.events(told),
        "version": __version__,
        "generated_at": iso(generated_at) if generated_at else "",
    }
    return {name: without_secrets(value) for name, value in whole.items()}


def without_secrets(value: Any) -> Any:
    """The same plain value, every text redacted: a second line of defence, and the only one for quarantined values."""
    if isinstance(value, str):
        return redact(_written(value))
    if isinstance(value, Mapping):
        return {_name(str(name)): without_secrets(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [without_secrets(one) for one in value]
    return value


def _data(told: Reading, kept: Kept) -> Plain:
    """What the steps' facts say about the data."""
    facts = told.facts()
    tables = data_sections.copies(facts)
    return {
        "tables": tables,
        "identity": data_sections.identity(tables),
        **{name: _lines(tables, name) for name in ("exclusions", "nulls", "reasons")},
        "quarantine": quarantine.rows(kept.aside),
        "quarantine_totals": quarantine.totals(kept.aside),
        "amended": quarantine.amended(kept.amended),
        "totals": data_sections.totals(facts),
        "fingerprints": data_sections.fingerprints(facts),
        "waves": data_sections.waves(facts),
        "rules": data_sections.rules(facts),
        "checks": data_sections.checks(facts),
        "backups": data_sections.backups(facts),
        "switches": data_sections.switches(facts),
    }


def _story(told: Reading, proofs: people.Proofs) -> Plain:
    """What happened, who decided, and the record of it."""
    steps = schedule.steps(told)
    return {
        "steps": steps,
        "timeline": schedule.timeline(told, steps),
        "failures": record.failures(told),
        "failed_proofs": _failed_proofs(told),
        "findings": findings(told),
        "gates": people.gates(told, proofs),
        "notices": people.notices(told),
        "rollback": way_back.rollback(told),
        "no_rollback": way_back.none_because(told),
        "proof": way_back.proof(told),
        "attempts": record.attempts(told),
        "prefect": record.prefect(told),
        "promotion": record.promotion(told),
        "digests": record.digests(told),
        "notes": record.notes(told),
    }


def findings(told: Reading) -> list[Plain]:
    """
    Every finding with its samples, in order of finding.

    A step that is tried again finds the same again: that is one finding, and `times` says how often it was made.
    """
    found: dict[str, Plain] = {}
    for event in told.of(EventKind.FOUND):
        one = _finding(event)
        key = repr((one["step"], one["check"], one["table"], one["says"], one["samples"]))
        if key in found:
            found[key]["times"] += 1
        else:
            found[key] = one
    return list(found.values())


def _failed_proofs(told: Reading) -> list[Plain]:
    """Proofs that came to a no: their steps returned nothing that could be shown among the proofs."""
    kinds = {head.id: head.kind for head, step in told.steps() if not step.facts}
    return [
        row
        for row in record.failures(told)
        if row["outcome"] == "failed" and not row["inconclusive"] and kinds.get(row["step"]) in PROOFS
    ]


def _finding(event: Event) -> Plain:
    data = event.data
    severity = str(data.get("severity", Severity.ERROR))
    return {
        "step": event.step or str(data.get("step", "")),
        "at": iso(event.at),
        "severity": severity,
        "tone": _FINDING_TONES.get(Severity(severity), "bad") if severity in set(Severity) else "bad",
        **{name: str(data.get(name, "")) for name in ("check", "table", "says")},
        "count": int(data.get("count", 0)),
        "times": 1,
        "columns": [str(name) for name in data.get("columns", ())],
        "samples": [["" if value is None else str(value) for value in row] for row in data.get("samples", ())],
    }


def _lines(tables: Sequence[Plain], name: str) -> list[Plain]:
    """The rows of one kind below all tables, each with the table it belongs to; empty ones are left out."""
    return [
        {**{part: table[part] for part in ("step", "wave", "table", "undone")}, **row}
        for table in tables
        for row in table[name]
        if row["rows"]
    ]


def _written(text: str) -> str:
    """A text that can be written as UTF-8, whatever stood in a row."""
    return text.encode("utf-8", "backslashreplace").decode()


def _name(name: str) -> str:
    """A name in an object. A plain identifier stays: a password that equals one of ours must not take it out."""
    return name if name.isascii() and name.isidentifier() else redact(_written(name))

"""
The digest of a step as it is written, by which a refusal names the steps that were not rehearsed.

Neither the values of variables nor an override in force are in it, so that it is the same in every environment; the
placeholders of variables are, and so are the overrides of all environments.
"""

from __future__ import annotations

from typing import Any

from cutover.content import digest
from cutover.model.runbook import OnFailure
from cutover.project.overriding import as_written
from cutover.project.placeholders import filled_in, filled_text, of_wave
from cutover.project.step_fields import kind_of
from cutover.project.step_kinds import Kinds
from cutover.project.unrolling import Unrolled
from cutover.project.yaml_text import Table, plain


def step_digest(step: Unrolled, runbook: Table, kinds: Kinds) -> str:
    """
    The digest of the step in its runbook; where it stands in a file, and in which, does not count.

    What lies in the files that it names is not in it.
    """
    return digest(_meaning(step, runbook, kinds))


def _meaning(step: Unrolled, runbook: Table, kinds: Kinds) -> dict[str, Any]:
    text, kind, wave = step.text, kind_of(step.written, kinds) or "", of_wave(step.wave)
    return {
        "id": step.id,
        "kind": kind,
        "fields": plain(filled_in(step.written.entries[kind], wave)) if kind else None,
        "after": sorted(step.after),
        "phase": step.phase,
        "wave": [step.wave.name, step.wave.value] if step.wave else None,
        "waves_before": [[one.name, one.value] for one in step.waves_before],
        "by": filled_text(text.by or "", wave),
        "expect": None if text.expect is None else repr(text.expect),
        "retry": {"tries": text.retry.tries, "wait": repr(text.retry.wait)},
        "on_failure": (text.if_it_fails or OnFailure.ROLL_BACK).value,
        "point_of_no_return": text.point_of_no_return,
        "when": text.when.model_dump(mode="json") if text.when else None,
        "window": step.window.value().says() if step.window else None,
        "overrides": as_written(runbook, step),
    }

"""The one visible table of step kinds: add a kind = one file in `steps/`, one line here, one page in `docs/steps/`."""

from __future__ import annotations

from typing import cast

from cutover.contract import Fields, Step, StepKinds
from cutover.model.runbook import Runbook, StepSpec
from cutover.steps.approve import Approve
from cutover.steps.backup import Backup
from cutover.steps.check import Check
from cutover.steps.copy import Copy
from cutover.steps.manual import Manual
from cutover.steps.reconcile import Reconcile
from cutover.steps.restore_check import RestoreCheck
from cutover.steps.smoke import Smoke
from cutover.steps.sql import Sql
from cutover.steps.switch import Switch
from cutover.steps.validate import Validate

KINDS: StepKinds = {
    "approve": Approve,
    "backup": Backup,
    "check": Check,
    "copy": Copy,
    "manual": Manual,
    "reconcile": Reconcile,
    "restore_check": RestoreCheck,
    "smoke": Smoke,
    "sql": Sql,
    "switch": Switch,
    "validate": Validate,
}


def build(spec: StepSpec) -> Step:
    """The step that `spec` describes; its fields were checked when the runbook was loaded."""
    kind: type[Fields] = KINDS[spec.kind]
    return cast(Step, kind.model_validate(dict(spec.fields)))


def build_all(runbook: Runbook) -> tuple[tuple[StepSpec, Step], ...]:
    """Every step of the runbook with its specification, in running order."""
    return tuple((spec, build(spec)) for spec in runbook.steps)

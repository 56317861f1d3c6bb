"""What may run side by side, and what must not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from cutover.model.outcome import Severity
from cutover.project.checking import Planned
from cutover.project.problems import Problem
from cutover.project.schema_runbook import RunbookText
from cutover.project.yaml_text import Table


def beside_each_other(
    planned: Sequence[Planned], text: RunbookText, phases: Sequence[Table], file: str
) -> Iterator[Problem]:
    """Steps that may run beside one that they rest on; and phases side by side where only one step runs at a time."""
    if text.parallel > 1:
        yield from _without_an_order(planned)
        return
    for phase, written in zip(text.phases, phases, strict=True):
        if phase.side_by_side and len(phase.steps) > 1:
            says = f"the steps of phase {phase.phase!r} are side by side, and only one step runs at a time"
            hint = "write parallel: 2 or more at the top of the runbook"
            yield Problem(
                file=file, line=written.lines["side_by_side"], says=says, hint=hint, severity=Severity.WARNING
            )


def _without_an_order(planned: Sequence[Planned]) -> Iterator[Problem]:
    before = _all_before({one.step.id: one.step.after for one in planned})
    for one in planned:
        for name in one.names.steps:
            if name in before and name != one.step.id and name not in before[one.step.id]:
                hint = f"write after: {name}, or a step that comes after it"
                yield one.problem(f"it rests on step {name!r}, and may run beside it", hint)


def _all_before(after: Mapping[str, Sequence[str]]) -> dict[str, frozenset[str]]:
    """Step -> every step that has ended when it begins; `after` in running order."""
    found: dict[str, frozenset[str]] = {}
    for step, names in after.items():
        found[step] = frozenset(names).union(*(found.get(name, frozenset()) for name in names))
    return found

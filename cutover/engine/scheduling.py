"""Which steps may begin now. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from cutover.model.run import RunState
from cutover.model.runbook import StepSpec
from cutover.model.status import StepStatus

PASSED = frozenset({StepStatus.DONE, StepStatus.SKIPPED})


def startable(
    specs: Sequence[StepSpec], state: RunState, *, running: Collection[str], ended: Collection[str], limit: int
) -> tuple[StepSpec, ...]:
    """
    The steps that may begin beside those that are `running`, in the runbook's order; `limit` at work in all.

    A step begins when every step it comes after is passed. The point of no return is a wall: it begins when all before
    it is passed and nothing else is at work, and nothing behind it begins before it. A drill turns round there.
    `ended`: tried in this attempt and not passed, so not to be tried again by it.
    """
    passed = {spec.id for spec in specs if state.step(spec.id).status in PASSED}
    left = [spec for spec in specs if spec.id not in passed]
    found: list[StepSpec] = []
    for spec in left:
        if spec.point_of_no_return:
            alone = spec is left[0] and not running and spec.id not in ended
            return (spec,) if alone and not state.drill else tuple(found)
        if len(running) + len(found) >= limit:
            break
        if spec.id not in running and spec.id not in ended and passed.issuperset(spec.after):
            found.append(spec)
    return tuple(found)


def undoable_now(
    waiting: Sequence[str], after: Mapping[str, tuple[str, ...]], *, running: Collection[str], limit: int
) -> tuple[str, ...]:
    """
    The steps whose undo may begin beside those that are `running`: nothing that came after them still stands.

    `waiting` in reverse order of starting, which is the order of the answer; `after` as the runbook says it.
    """
    standing = {*waiting, *running}
    free = [step for step in waiting if not _above(step, after) & standing]
    return tuple(free[: max(0, limit - len(running))])


def _above(step: str, after: Mapping[str, tuple[str, ...]]) -> set[str]:
    """Everything that comes after `step`, directly or not."""
    found: set[str] = set()
    looking = [step]
    while looking:
        below = looking.pop()
        higher = {one for one, befores in after.items() if below in befores} - found
        found |= higher
        looking += higher
    return found

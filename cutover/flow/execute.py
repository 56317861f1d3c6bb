"""
Run one attempt with Prefect around it, or without when it cannot be had and the environment allows that.

Called by `entry` for the command line; works in a process of its own or in any Python program. Imports Prefect only
when a server is there.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from cutover.contract import Observer, RunResult
from cutover.engine.observers import NullObserver
from cutover.flow import server, settings
from cutover.flow.record import AttemptTitle, PrefectRecord
from cutover.flow.stopping import stopping_pauses
from cutover.model.outcome import Outcome
from cutover.model.project import PrefectUse
from cutover.redact import redact

Work = Callable[[Observer], RunResult]
Note = Callable[[PrefectRecord], None]


class RunShown(Protocol):
    """`shown.run_shown`, which is imported only when a server is there."""

    def __call__(self, title: AttemptTitle, work: Work, *, url: str, note: Note) -> RunResult: ...


_LOG = logging.getLogger("cutover.flow")


def execute_attempt(
    title: AttemptTitle, work: Work, *, use: PrefectUse, state: Path, port: int, note: Note
) -> RunResult:
    """
    Call `work` with an observer, exactly once, and return or raise what it returned or raised.

    `state` is the project's `.cutover`, `port` where its server should listen. `note` is called at the first step and
    after the last with what Prefect has of the attempt, for the journal (not with `use` off). With `use` required,
    PrefectUnavailable before anything has begun when there is no server; with best effort the run goes on unshown.
    """
    if use is PrefectUse.OFF:
        with stopping_pauses():
            return work(NullObserver())
    try:
        url = server.ensure_server(state, port)
        settings.prepare_client(url, server.home_of(state))
        run_shown = _load()
    except (server.PrefectUnavailable, OSError) as exc:
        return _unshown(work, exc, use=use, note=note)
    try:
        return run_shown(title, work, url=url, note=note)
    except server.PrefectUnavailable as exc:  # raised only while the work has not begun
        return _unshown(work, exc, use=use, note=note)


def _load() -> RunShown:
    try:
        from cutover.flow.shown import run_shown
    except Exception as exc:  # Prefect fails to import in as many ways as it has dependencies
        raise server.PrefectUnavailable(
            f"prefect does not import: {redact(f'{type(exc).__name__}: {exc}')}",
            hint="install the versions in constraints.txt",
        ) from exc
    return run_shown


def _unshown(work: Work, why: Exception, *, use: PrefectUse, note: Note) -> RunResult:
    says = redact(f"no prefect record: {why}")
    if use is PrefectUse.REQUIRED:
        hint = getattr(why, "hint", "") or "mend the installation of prefect"
        raise server.PrefectUnavailable(
            f"this environment requires prefect, and it cannot be had: {redact(str(why))}",
            hint=f"{hint}; or set `prefect: best-effort` for the environment",
        ) from why
    _LOG.warning("%s", says)
    with stopping_pauses():
        return work(_Unshown(lambda: note(PrefectRecord(complete=False, says=says))))


class _Unshown(NullObserver):
    """Carries out without showing, and says so at the first step, when the run's lease is held."""

    def __init__(self, first: Callable[[], None]) -> None:
        self._first: Callable[[], None] | None = first

    def step(self, step_id: str, *, moment: str, attempt: int, work: Callable[[], Outcome]) -> Outcome:
        """Note once, then carry out."""
        if self._first is not None:
            first, self._first = self._first, None
            first()
        return super().step(step_id, moment=moment, attempt=attempt, work=work)

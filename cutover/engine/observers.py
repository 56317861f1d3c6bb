"""
An observer for when nobody shows the run: the work is carried out, and the lines go to the standard library's logging.

Used by the flows when an environment has `prefect: off` or no server can be had, and by tests of the engine.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence

from cutover.model.outcome import Outcome
from cutover.redact import redact

_LOG = logging.getLogger("cutover.run")


class NullObserver:
    """Carries out and shows nothing. Implements `contract.Observer`."""

    def step(self, step_id: str, *, moment: str, attempt: int, work: Callable[[], Outcome]) -> Outcome:
        """Call `work` once and return what it returned."""
        _LOG.debug("%s %s #%d", moment, step_id, attempt)
        return work()

    def already_done(self, step_id: str) -> None:
        """Nothing to show."""

    def artifact(
        self, key: str, *, markdown: str = "", table: Sequence[Mapping[str, str]] = (), description: str = ""
    ) -> None:
        """Nothing to show: what an artifact would say stands in the journal."""

    def log(self, line: str) -> None:
        """One line for the log file that the operator has configured; secrets are taken out."""
        _LOG.info("%s", redact(line))

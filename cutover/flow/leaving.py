"""Leaving the process without waiting for Prefect's telemetry longer than it deserves."""

from __future__ import annotations

import logging
import os
import sys
import threading
from typing import NoReturn


def bounded_exit(status: int, *, grace: float = 5.0) -> NoReturn:
    """
    Exit with `status`; what Prefect still wants to send gets `grace` seconds.

    With a server that is gone, an ordinary exit waits seven seconds per unsent event, which is minutes after a run; and
    with one that is there, half a second for threads that have nothing left to do. The journal is on the disk, and the
    kernel frees the lease.
    """
    if "prefect" not in sys.modules:
        sys.exit(status)
    drained(grace)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def drained(grace: float) -> bool:
    """Send what Prefect still wants to send, for `grace` seconds at most; whether that was enough."""
    logging.raiseExceptions = False  # a lost server is known by now; its log sender need not say so on the terminal
    worker = threading.Thread(target=_drain, daemon=True, name="cutover-drain")
    worker.start()
    worker.join(grace)
    return not worker.is_alive()


def _drain() -> None:
    from prefect.events.worker import EventsWorker
    from prefect.logging.handlers import APILogWorker

    EventsWorker.drain_all()
    APILogWorker.drain_all()

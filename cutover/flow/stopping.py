"""SIGTERM while an attempt is under way: the run pauses as on Ctrl-C, with Prefect around it or without."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def stopping_pauses() -> Iterator[None]:
    """
    Make SIGTERM a Ctrl-C for the engine, in the main thread; elsewhere signals do not arrive.

    Python would end the process on the spot, and Prefect would make it a signal of its own that nobody here knows.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)

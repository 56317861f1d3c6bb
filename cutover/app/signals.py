"""Signals while an attempt is under way: the first asks it to pause, the second leaves at once."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

_NUMBERS: Final = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def asking(first: Callable[[], bool]) -> Iterator[None]:
    """
    Call `first` for Ctrl-C and SIGTERM, and raise KeyboardInterrupt where it says that it was not the first.

    Only in the main thread; elsewhere signals do not arrive, and nothing is changed. `first` runs between any two
    instructions of that thread, so it may take no lock.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def handle(_number: int, _frame: FrameType | None) -> None:
        if not first():
            raise KeyboardInterrupt

    before = {number: signal.signal(number, handle) for number in _NUMBERS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

"""
Locks of the kernel on files: gone at the same moment as the process that holds them, whatever it died of.

Used for leases and for the mirror. The files themselves are never removed: whoever removes one lets two hold it.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cutover.clock import SystemClock

_PAUSE = 0.005
_real = SystemClock()  # another process runs in real time, whatever the clock of a test says


class FileLock:
    """A lock that this process holds until `release`, or until it dies."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor: int | None = descriptor
        _held.add(self)  # also when nobody else keeps it: a lock must not go because an object was forgotten

    def release(self) -> None:
        """Let go; again does nothing."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            _held.discard(self)
            os.close(descriptor)


_held: set[FileLock] = set()


def _forget_in_child() -> None:
    """A forked child shares the open file; if it kept it, the lock would outlive the parent."""
    for lock in list(_held):
        lock.release()


os.register_at_fork(after_in_child=_forget_in_child)


def take(path: Path, *, wait: float) -> FileLock | None:
    """
    The lock on `path`, a file that only its owner can open; None when another has it for longer than `wait` seconds.

    Two takers in one process exclude each other as two processes do. Raises OSError when the file cannot be opened.
    """
    # Close-on-exec, as Python opens everything: programs that this process starts do not keep the lock.
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if _wait_for(descriptor, wait):
            return FileLock(descriptor)
    except BaseException:
        os.close(descriptor)
        raise
    os.close(descriptor)
    return None


def taken(path: Path) -> bool:
    """Whether somebody holds the lock on `path` now. Whoever takes it in the same instant must try twice."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


@contextmanager
def locked(descriptor: int, *, wait: float) -> Iterator[None]:
    """Hold the lock on an open file; TimeoutError when another has it for longer than `wait` seconds."""
    if not _wait_for(descriptor, wait):
        raise TimeoutError(f"locked by another process for {wait:g} s")
    try:
        yield
    finally:
        fcntl.flock(descriptor, fcntl.LOCK_UN)


def _wait_for(descriptor: int, wait: float) -> bool:
    until = _real.tick() + wait
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if _real.tick() >= until:
                return False
            _real.sleep(_PAUSE)
        else:
            return True

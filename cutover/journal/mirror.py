"""
The mirror: every event of the journal once more, as a line of JSON in a file beside it.

Written after the database and before `append` returns, so it is never ahead: a process that dies in between leaves a
line too few or half a line, and whoever comes next cuts and fills up from the database. Read by people with `less`
and `jq`, and by `verify_chain`: an event that only one of the two has, or has differently, was tampered with.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from cutover import durable
from cutover.journal import filelock

_BLOCK = 1 << 16
#: Seconds to wait for another process that is filling up the mirror.
_WAIT = 10.0


class Tail(NamedTuple):
    """The end of the mirror: its last whole line."""

    file: int  # the inode; 0: no file
    size: int  # bytes of the file, half a line at its end included
    whole: int  # bytes up to the end of the last whole line
    text: bytes  # of the last whole line, without its line feed; empty when there is none
    number: int  # that it bears; 0 when there is none, -1 when it is not a line of a journal


_NOTHING = Tail(0, 0, 0, b"", 0)


class Mirror:
    """The file at `path`. Several threads and processes may write it; each line gets there once, in order."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._known = _NOTHING

    def tail(self) -> Tail:
        """Where the mirror ends now; read only when the file has changed since it was last asked."""
        try:
            with self._opened(os.O_RDONLY) as descriptor:
                return self._tail_of(descriptor)
        except FileNotFoundError:
            return _NOTHING

    def bring_to(self, number: int, missing: Callable[[int], Iterable[bytes]]) -> Tail:
        """
        Return when line `number` and all before it are on the disk, with where the mirror ends then.

        `missing(n)` gives the lines after the n-th. Raises OSError, with the file as it was, when it cannot be written.
        """
        with self._opened(os.O_RDWR | os.O_CREAT) as descriptor, filelock.locked(descriptor, wait=_WAIT):
            tail = self._tail_of(descriptor)
            if tail.number < 0:
                raise OSError(f"the last line of {self.path.name!r} is no event: {tail.text[:40]!r}")
            if tail.number >= number and tail.whole == tail.size:
                return tail
            try:
                return self._fill(descriptor, tail, missing(tail.number))
            except BaseException:
                os.ftruncate(descriptor, tail.whole)
                raise

    def state(self) -> tuple[int, ...]:
        """Something that is another when the file is another, or was written to."""
        try:
            found = self.path.stat()
        except FileNotFoundError:
            return ()
        return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)

    def lines(self) -> Iterator[bytes]:
        """The whole lines; half a line at the end is none yet."""
        if not self.path.exists():
            return
        with self.path.open("rb") as file:
            for line in file:
                if line.endswith(b"\n"):
                    yield line[:-1]

    def _fill(self, descriptor: int, tail: Tail, lines: Iterable[bytes]) -> Tail:
        os.ftruncate(descriptor, tail.whole)
        end, last = tail.whole, tail.text
        for last in lines:
            end += _write(descriptor, last + b"\n", end)
        os.fdatasync(descriptor)
        if not tail.size:
            durable.sync_folder(self.path.parent)
        self._known = Tail(os.fstat(descriptor).st_ino, end, end, last, _number(last))
        return self._known

    def _tail_of(self, descriptor: int) -> Tail:
        status = os.fstat(descriptor)
        known = self._known
        if (status.st_ino, status.st_size) != (known.file, known.size):
            whole, text = _last_line(descriptor, status.st_size)
            self._known = known = Tail(status.st_ino, status.st_size, whole, text, _number(text))
        return known

    @contextmanager
    def _opened(self, flags: int) -> Iterator[int]:
        descriptor = os.open(self.path, flags, 0o600)
        try:
            yield descriptor
        finally:
            os.close(descriptor)


def parsed(line: bytes) -> dict[str, Any]:
    """The line as an object; empty when it is none."""
    try:
        found = json.loads(line)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _number(text: bytes) -> int:
    if not text:
        return 0
    found = parsed(text).get("line")
    return found if isinstance(found, int) else -1


def _write(descriptor: int, data: bytes, at: int) -> int:
    done = 0
    while done < len(data):  # a full disk takes a part, and refuses only the next
        done += os.pwrite(descriptor, data[done:], at + done)
    return done


def _last_line(descriptor: int, size: int) -> tuple[int, bytes]:
    """Bytes up to the end of the last whole line, and its text."""
    end, begin = size, -1
    seen = b""
    while end > 0 and begin < 0:
        start = max(0, end - _BLOCK)
        seen = os.pread(descriptor, end - start, start) + seen
        end = start
        feed = seen.rfind(b"\n")
        begin = seen.rfind(b"\n", 0, max(feed, 0)) if feed >= 0 else -1
    feed = seen.rfind(b"\n")
    return (0, b"") if feed < 0 else (end + feed + 1, seen[begin + 1 : feed])

"""
Standard output and standard error whose reader may go away: `cutover … | head`, a `tee` that dies, a lost terminal.

A command does its work to the end whether or not somebody still reads, and its exit status is that of the work: a run
is never stopped by its own printing, and a refusal does not become a success.
"""

from __future__ import annotations

import errno
import os
import sys
from typing import Any, TextIO, cast

#: The reader of the pipe is gone; the terminal is gone.
_READER_GONE = frozenset({errno.EPIPE, errno.EIO})


def outlive_readers() -> None:
    """Make this process's standard output and error such streams; without effect the second time."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is not None and not isinstance(stream, _Outliving):
            setattr(sys, name, cast(TextIO, _Outliving(stream)))


class _Outliving:
    """A stream that turns silent when its reader goes away; everything else is the stream's own."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Write, or throw away what nobody reads."""
        try:
            return self._stream.write(text)
        except OSError as exc:
            self._fall_silent(exc)
            return len(text)

    def flush(self) -> None:
        """Flush, or throw away what nobody reads."""
        try:
            self._stream.flush()
        except OSError as exc:
            self._fall_silent(exc)

    def _fall_silent(self, exc: OSError) -> None:
        if exc.errno not in _READER_GONE:
            raise exc
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self._stream.fileno())  # what is still in the buffer goes there, too
        os.close(nowhere)

"""Output whose reader goes away: nothing is raised for that, and everything is raised for anything else."""

from __future__ import annotations

import errno
import io
import os
import sys

import pytest

from cutover.cli import streams


class Broken(io.StringIO):
    """A stream that the system refuses to write to, for one reason."""

    def __init__(self, number: int, descriptor: int) -> None:
        super().__init__()
        self._number, self._descriptor = number, descriptor

    def fileno(self) -> int:
        return self._descriptor

    def write(self, text: str) -> int:
        raise OSError(self._number, os.strerror(self._number))


def outliving(monkeypatch: pytest.MonkeyPatch, number: int, descriptor: int) -> None:
    monkeypatch.setattr("sys.stdout", Broken(number, descriptor))
    streams.outlive_readers()


@pytest.mark.parametrize("number", [errno.EPIPE, errno.EIO])
def test_a_reader_that_is_gone_is_not_missed(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    outliving(monkeypatch, number, writing)

    print("nobody reads this")

    os.write(writing, b"nor this")  # the pipe's end leads nowhere now
    os.set_blocking(reading, False)
    assert os.read(reading, 100) == b""
    os.close(reading)
    os.close(writing)


def test_a_full_disk_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """`cutover report --json > file` must not end well without its file."""
    outliving(monkeypatch, errno.ENOSPC, -1)

    with pytest.raises(OSError, match="No space left"):
        print("{}")


def test_without_a_standard_output_there_is_nothing_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout", None)

    streams.outlive_readers()
    print("to nobody")
    assert sys.stdout is None

"""
Files that are either the old or the new one, whatever dies in between.

Called by whoever replaces a file that others read: a backup under its final name, the
application's connection file. Knows nothing of what is in them. The new content is written
beside the old one and made durable before it takes the name; so a reader, and a machine that
lost its power, see one or the other, never a part.
"""

from __future__ import annotations

import os
from pathlib import Path

_COPY_BYTES = 1 << 20


def beside(file: Path, mark: str) -> Path:
    """Where the coming content of `file` is written: hidden, in the same folder, so that a rename is enough."""
    return file.with_name(f".{file.name}.{mark}.partial")


def write(file: Path, data: bytes, *, mode: int = 0o600, owner: tuple[int, int] | None = None) -> None:
    """
    Write `file` anew with exactly these rights, and return when it is on the disk. Not atomic: for names nobody reads.

    `owner` is user and group; OSError when this process may not give the file to them.
    """
    file.unlink(missing_ok=True)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(data)
        if owner is not None:
            os.fchown(descriptor, *owner)
        os.fchmod(descriptor, mode)  # after the owner: a change of owner takes special bits away
        stream.flush()
        os.fsync(descriptor)


def put_in_place(made: Path, file: Path) -> None:
    """Give what was made beside `file` its name, in one step of the kernel, and return when that is on the disk."""
    made.replace(file)
    sync_folder(file.parent)


def remove(file: Path) -> None:
    """Remove `file` if it is there, and return when that is on the disk."""
    file.unlink(missing_ok=True)
    sync_folder(file.parent)


def copy(source: Path, target: Path) -> None:
    """Copy the bytes of `source` to a new file that only its owner can read; what was there is replaced."""
    target.unlink(missing_ok=True)
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as written, source.open("rb") as read:
        while block := read.read(_COPY_BYTES):
            written.write(block)


def sync(file: Path) -> None:
    """Return when the content of `file` is on the disk."""
    _sync(file, os.O_RDONLY)


def sync_folder(folder: Path) -> None:
    """Return when the names in `folder` are on the disk."""
    _sync(folder, os.O_RDONLY | os.O_DIRECTORY)


def _sync(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

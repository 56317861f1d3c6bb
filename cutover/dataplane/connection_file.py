"""
The application's connection file: a JSON object that says which database of the environment the application uses.

    {"default": "old", "waves": {"de": "new"}}

Read by `smoke`, changed by `switch`. Only the name of one database is written or taken away; every other byte stays
as its owner wrote it. So a change can be taken back to the byte without keeping a copy of a file that may hold
passwords. Knows nothing of runs.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from cutover import durable
from cutover.dataplane import json_text
from cutover.dataplane.json_text import Member, Number
from cutover.errors import StepFailed, TryAgain
from cutover.model.project import Environment

DEFAULT, WAVES = "default", "waves"

_BEGIN_WITH = f'write {{"{DEFAULT}": "NAME"}} to it, with the name of the database that the application uses now'


class NotAConnectionFile(StepFailed):
    """The file is not there, cannot be read, or does not say which database the application uses."""

    code: ClassVar[str] = "CUT-370"


class CannotReplace(StepFailed):
    """The file cannot be replaced by one with the same rights and owner."""

    code: ClassVar[str] = "CUT-371"


class ChangedMeanwhile(TryAgain):
    """Somebody else wrote to the file while its replacement was made; what they wrote is still there."""

    code: ClassVar[str] = "CUT-372"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What the file itself says of a wave, enough to write it again."""

    literal: str | None  # JSON text, with its quotes; None: the wave is not mentioned
    has_waves: bool  # whether there is an object `waves`


@dataclass(frozen=True, slots=True)
class ConnectionFile:
    """
    The text of a connection file, as `parse` has accepted it.

    `wave` is the value of a wave; None means `default`, which counts for all that have no entry of their own.
    """

    text: str

    @property
    def data(self) -> bytes:
        """The bytes of the file."""
        return self.text.encode()

    def uses(self, wave: str | None = None) -> str:
        """The name of the database that the application uses for that wave."""
        own = self.said(wave)
        return own if own is not None else str(self._top()[DEFAULT].holds)

    def said(self, wave: str | None = None) -> str | None:
        """The name that the entry of that wave itself gives; None when it has no entry."""
        member = self._member(wave)
        return None if member is None else str(member.holds)

    def entry(self, wave: str | None = None) -> Entry:
        """The entry of that wave as it is written."""
        member = self._member(wave)
        literal = None if member is None else self.text[member.value : member.end]
        return Entry(literal=literal, has_waves=WAVES in self._top())

    def pointing_at(self, database: str, wave: str | None = None) -> ConnectionFile:
        """The same file with the name of `database` for that wave."""
        return self.with_entry(Entry(literal=json.dumps(database), has_waves=True), wave)

    def with_entry(self, entry: Entry, wave: str | None = None) -> ConnectionFile:
        """The same file with that entry for that wave: what `pointing_at` has changed, taken back to the byte."""
        if entry.literal is None:
            return self._without(wave, keep_waves=entry.has_waves)
        top, literal = json_text.brace(self.text), entry.literal
        if wave is None:
            return ConnectionFile(json_text.put(self.text, top, DEFAULT, literal))
        if WAVES in self._top():
            return ConnectionFile(json_text.put(self.text, self._top()[WAVES].value, wave, literal))
        return ConnectionFile(json_text.put(self.text, top, WAVES, f"{{{json.dumps(wave)}: {literal}}}"))

    def _without(self, wave: str | None, *, keep_waves: bool) -> ConnectionFile:
        if wave is None or self._member(wave) is None:
            return self
        at = self._top()[WAVES].value
        if len(json_text.members(self.text, at)) == 1 and not keep_waves:
            return ConnectionFile(json_text.cut(self.text, json_text.brace(self.text), WAVES))
        return ConnectionFile(json_text.cut(self.text, at, wave))

    def _top(self) -> Mapping[str, Member]:
        return json_text.members(self.text, json_text.brace(self.text))

    def _member(self, wave: str | None) -> Member | None:
        top = self._top()
        if wave is None:
            return top[DEFAULT]
        return json_text.members(self.text, top[WAVES].value).get(wave) if WAVES in top else None


def of_environment(environment: Environment) -> Path:
    """The connection file that the environment names; StepFailed when it names none."""
    if environment.application is None:
        raise StepFailed(
            f"environment {environment.name!r} names no connection file of the application",
            hint="write application: FILE into cutover.yaml",
        )
    return environment.application


def read(file: Path) -> ConnectionFile:
    """What stands in the file now. A link is followed. Raises NotAConnectionFile."""
    try:
        if not stat.S_ISREG(file.stat().st_mode):  # a pipe would keep us waiting
            raise NotAConnectionFile(f"connection file '{file}' is not a file")
        return parse(file.read_bytes(), file)
    except FileNotFoundError:
        raise NotAConnectionFile(f"connection file '{file}' is not there", hint=_BEGIN_WITH) from None
    except (OSError, RuntimeError) as error:  # RuntimeError: links that lead to themselves
        raise NotAConnectionFile(f"connection file '{file}' cannot be read: {_said(error)}") from None


def parse(data: bytes, file: Path) -> ConnectionFile:
    """The content of the connection file `file`; NotAConnectionFile when it is something else."""
    try:
        text = data.decode()
        top = json_text.members(text, json_text.brace(text))
        _refuse_no_name(top.get(DEFAULT), f"{DEFAULT!r}")
        if WAVES in top:
            if not isinstance(top[WAVES].holds, dict):
                raise ValueError(f"{WAVES!r} is not an object")
            for wave, member in json_text.members(text, top[WAVES].value).items():
                _refuse_no_name(member, f"{wave!r} in {WAVES!r}")
    except UnicodeDecodeError as error:
        raise NotAConnectionFile(f"connection file '{file}' is not UTF-8: byte {error.start + 1}") from None
    except json.JSONDecodeError as error:
        where = f"{file}:{error.lineno}"
        raise NotAConnectionFile(f"{where}: connection file is not JSON: {error.msg}", hint=_BEGIN_WITH) from None
    except RecursionError:
        raise NotAConnectionFile(f"connection file '{file}' is nested too deeply to be read") from None
    except ValueError as error:
        raise NotAConnectionFile(f"connection file '{file}' cannot be understood: {error}", hint=_BEGIN_WITH) from None
    return ConnectionFile(text)


def check_replace(file: Path) -> None:
    """Raise CannotReplace when `replace` could not possibly succeed. Reads only."""
    place = file.resolve()
    there = place.stat()
    why = ""
    if there.st_nlink > 1:
        why = f"it has {there.st_nlink} names (hard links), and the others would keep the old content"
    elif not os.access(place.parent, os.W_OK | os.X_OK):
        why = f"this user may not write to folder '{place.parent}'"
    elif os.geteuid() and (there.st_uid != os.geteuid() or there.st_gid not in (os.getegid(), *os.getgroups())):
        why = "it belongs to another user or group, and only root can make a file that belongs to them"
    if why:
        raise CannotReplace(
            f"connection file '{file}' cannot be replaced: {why}", hint="correct that, or run cutover as its owner"
        )


def remove_partial(file: Path, mark: str) -> None:
    """Remove what a killed `replace` with that mark has left beside the file, if it has left something."""
    try:
        durable.remove(_partial(file, mark))
    except OSError as error:
        raise CannotReplace(f"folder of connection file '{file}' cannot be written to: {_said(error)}") from error


def replace(
    file: Path, was: ConnectionFile, becomes: ConnectionFile, *, mark: str, written: Callable[[], None]
) -> None:
    """
    Make `was` into `becomes` in one step of the kernel, with the same owner and rights; a link stays a link.

    `written` is called when the new content is on the disk under another name. Raises ChangedMeanwhile when the file
    is not `was` any more, and CannotReplace; then the file is as it was.
    """
    place, made = file.resolve(), _partial(file, mark)
    try:
        there = place.stat()
        durable.write(made, becomes.data, mode=stat.S_IMODE(there.st_mode), owner=(there.st_uid, there.st_gid))
        _copy_attributes(place, made)
        durable.sync(made)
        written()
        if place.read_bytes() != was.data:
            raise ChangedMeanwhile(f"somebody else is writing to connection file '{file}'")
        durable.put_in_place(made, place)
    except OSError as error:
        raise CannotReplace(f"connection file '{file}' cannot be replaced: {_said(error)}") from error
    finally:
        with suppress(OSError):
            made.unlink(missing_ok=True)


def _partial(file: Path, mark: str) -> Path:
    """Where the coming content is written: beside the file itself, also when `file` is a link to it."""
    return durable.beside(file.resolve(), mark)


def _copy_attributes(source: Path, target: Path) -> None:
    """Access control lists are rights, too, and live in the file's attributes."""
    try:
        names = os.listxattr(source)
    except OSError:  # a file system without attributes
        return
    for name in names:
        if name in os.listxattr(target) and os.getxattr(target, name) == os.getxattr(source, name):
            continue  # those that only the system may give, it has given
        os.setxattr(target, name, os.getxattr(source, name))


def _refuse_no_name(member: Member | None, what: str) -> None:
    if member is None:
        raise ValueError(f"{what} is missing")
    name = member.holds
    if not isinstance(name, str) or isinstance(name, Number) or not name or not name.isprintable():
        raise ValueError(f"{what} is not the name of a database")


def _said(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)

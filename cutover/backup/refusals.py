"""What can go wrong with a backup, each situation with its own code."""

from __future__ import annotations

from typing import ClassVar

from cutover.errors import StepFailed, TryAgain


class CannotBackUp(StepFailed):
    """This kind of database, or this way of reaching it, cannot be backed up here."""

    code: ClassVar[str] = "CUT-360"


class ToolsMissing(StepFailed):
    """The database's own programs for backups were not found."""

    code: ClassVar[str] = "CUT-361"


class ToolsTooOld(StepFailed):
    """The programs were found, and are older than the server."""

    code: ClassVar[str] = "CUT-362"


class NoRoom(StepFailed):
    """The disk has less room than the backup may need."""

    code: ClassVar[str] = "CUT-363"


class ToolFailed(StepFailed):
    """A program ran and said no."""

    code: ClassVar[str] = "CUT-364"


class ToolBusy(TryAgain):
    """A program lost its link, found nobody at home, or waited too long for somebody else's lock."""

    code: ClassVar[str] = "CUT-365"


class NoBackup(StepFailed):
    """The backup was not taken, or its file is gone, shorter, longer or another one."""

    code: ClassVar[str] = "CUT-366"


class NotProved(StepFailed):
    """The backup was restored, and what came out is not what was in the database."""

    code: ClassVar[str] = "CUT-367"


class CannotRestoreHere(StepFailed):
    """There is no place where the backup could be restored to prove it."""

    code: ClassVar[str] = "CUT-368"

"""
Backups that count: taken in one moment with the fingerprints of that moment, and proved by restoring them elsewhere.

Called by the steps `backup` and `restore_check`. Knows nothing of runs, runbooks and journals.
"""

from cutover.backup.proving import (
    Compared,
    Proof,
    check_restore,
    drop_scratch,
    restore_and_compare,
    scratch_is_there,
)
from cutover.backup.record import BackupFacts, prove_intact
from cutover.backup.refusals import (
    CannotBackUp,
    CannotRestoreHere,
    NoBackup,
    NoRoom,
    NotProved,
    ToolBusy,
    ToolFailed,
    ToolsMissing,
    ToolsTooOld,
)
from cutover.backup.taking import back_up, check_back_up, suffix_of, verify_backup
from cutover.backup.ways import Scratch

__all__ = [
    "BackupFacts",
    "CannotBackUp",
    "CannotRestoreHere",
    "Compared",
    "NoBackup",
    "NoRoom",
    "NotProved",
    "Proof",
    "Scratch",
    "ToolBusy",
    "ToolFailed",
    "ToolsMissing",
    "ToolsTooOld",
    "back_up",
    "check_back_up",
    "check_restore",
    "drop_scratch",
    "prove_intact",
    "restore_and_compare",
    "scratch_is_there",
    "suffix_of",
    "verify_backup",
]

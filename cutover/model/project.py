"""A project and its environments, as plain data (`cutover.yaml` after loading)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from cutover.model.people import Channel, Comms, Contact, Duty, People, Signers, Votes
from cutover.model.window import Window

__all__ = [
    "DatabaseRef",
    "Environment",
    "JournalServer",
    "Mode",
    "People",
    "PrefectUse",
    "Project",
    "Requirement",
]


class Mode(StrEnum):
    """Whether a run is a rehearsal or the real thing."""

    REHEARSAL = "rehearsal"
    LIVE = "live"


class PrefectUse(StrEnum):
    """What happens when the Prefect server cannot be reached."""

    REQUIRED = "required"
    BEST_EFFORT = "best-effort"
    OFF = "off"


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseRef:
    """
    A database as the project names it; credentials are references until the moment of use.

    `url` is either a SQLAlchemy URL or `env:NAME` / `file:PATH` (the whole URL comes from there).
    `password` is `env:NAME` or `file:PATH`, never the password itself.
    Relative SQLite paths are relative to the project folder.
    """

    name: str
    url: str
    password: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalServer:
    """A journal on a server of PostgreSQL, which a team shares; each project has a schema of its own."""

    database: DatabaseRef
    schema: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """One line of the promotion rule: which rehearsals must exist before a live run."""

    environment: str
    at_least: int = 1
    within_days: int | None = None
    rollback_rehearsed: bool = False
    restore_proved: bool = False
    minimum_volume: float | None = None  # share of the rows here that one of them must have had
    minimum_coverage: float | None = None  # share of the copied columns that one must have judged


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """Where a runbook runs: databases, people, and how strict the rules are."""

    name: str
    databases: Mapping[str, DatabaseRef]
    live: bool = False  # only a live environment can be gone live in, and only it needs promotion
    application: Path | None = None  # the application's connection file that `switch` writes; absolute
    people: People = People.REQUIRED
    roles: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # role -> names of people
    declared_names: bool = False  # `approve --as NAME` is believed (recorded beside the system user)
    votes: Votes = Votes.DECLARED  # which votes count; `signed` in live environments unless they say otherwise
    separate_duties: bool = False  # nobody approves what they wrote or run; always in live environments
    break_glass: tuple[str, ...] = ()  # roles of which one person alone may open a gate in an emergency
    comms: Comms = Comms.OFF
    prefect: PrefectUse = PrefectUse.BEST_EFFORT
    variables: Mapping[str, str] = field(default_factory=dict)  # of runbooks: name -> value here
    window: Window | None = None  # a go-live only begins inside
    requires: tuple[Requirement, ...] = ()
    tools: Mapping[str, Path] = field(default_factory=dict)  # "postgresql" -> folder with pg_dump and friends


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A folder with `cutover.yaml` and what stands in it."""

    name: str
    root: Path
    environments: Mapping[str, Environment]
    journal: Path  # SQLite file of the journal; with a server the mirror alone lies there, as `NAME.jsonl`; absolute
    state: Path  # `.cutover/`: everything this project keeps on this machine; absolute
    prefect_port: int = 4280
    roles: Mapping[str, str] = field(default_factory=dict)  # role -> what it is for; empty when nobody said so
    signers: Signers = field(
        default_factory=lambda: Signers(allowed=Path("allowed_signers"), revoked=Path("revoked_keys"))
    )
    author: tuple[str, ...] = ()  # who wrote what runs, where no version control says it
    contacts: Mapping[str, Contact] = field(default_factory=dict)  # person -> how they are reached
    channels: tuple[Channel, ...] = ()
    sla: Mapping[Duty, float] = field(default_factory=dict)  # seconds
    journal_server: JournalServer | None = None  # instead of the file
    kept: Path | None = None  # a run's own copy of the files it was made of; used instead of those in the folder

    @property
    def content(self) -> Path:
        """The folder with everything that runs: the project's, or the copy that a run keeps."""
        return self.kept or self.root

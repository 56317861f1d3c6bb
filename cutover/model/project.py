"""A project and its environments, as plain data (`cutover.yaml` after loading)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path


class Mode(StrEnum):
    """Whether a run is a rehearsal or the real thing."""

    REHEARSAL = "rehearsal"
    LIVE = "live"


class People(StrEnum):
    """How an environment treats steps that need a person."""

    REQUIRED = "required"  # wait for a real decision
    SIMULATED = "simulated"  # go on, and say in the evidence that nobody was asked


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
class Requirement:
    """One line of the promotion rule: which rehearsals must exist before a live run."""

    environment: str
    at_least: int = 1
    within_days: int | None = None
    rollback_rehearsed: bool = False
    restore_proved: bool = False


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
    prefect: PrefectUse = PrefectUse.BEST_EFFORT
    requires: tuple[Requirement, ...] = ()
    tools: Mapping[str, Path] = field(default_factory=dict)  # "postgresql" -> folder with pg_dump and friends


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A folder with `cutover.yaml` and what stands in it."""

    name: str
    root: Path
    environments: Mapping[str, Environment]
    journal: Path  # SQLite file of the journal; absolute
    state: Path  # `.cutover/`: everything this project keeps on this machine; absolute
    prefect_port: int = 4280
    kept: Path | None = None  # a run's own copy of the files it was made of; used instead of those in the folder

    @property
    def content(self) -> Path:
        """The folder with `runbooks/`, `migrations/` and `validators/`: the project's, or the copy that a run keeps."""
        return self.kept or self.root

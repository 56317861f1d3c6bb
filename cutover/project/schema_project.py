"""The schema of `cutover.yaml`, as Pydantic classes. How environments fit together is `loading_project`'s matter."""

from __future__ import annotations

import re
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, model_validator

from cutover.model.project import People, PrefectUse
from cutover.project.schema_people import PeopleOfEnvironment, PeopleOfProject
from cutover.project.texts import (
    Days,
    Filled,
    Flag,
    Listed,
    Name,
    Positive,
    Share,
    Strict,
    VariableName,
    Whole,
    WrongKey,
)
from cutover.project.texts_of_time import WindowText
from cutover.project.urls import Parts, is_reference, parts_of
from cutover.redact import remember

_SCHEMA = re.compile(r"[a-z_][a-z0-9_]{0,62}")
_URL_SECRETS = re.compile(r"(^|&)(password|passwd|sslpassword|pwd|token)=", re.IGNORECASE)


class DatabaseText(Strict):
    """A database: where it is, and where its password comes from."""

    url: Filled = Field(description="a SQLAlchemy URL without password, or env:NAME, or file:PATH")
    password: str | None = Field(default=None, description="env:NAME or file:PATH, never the password itself")

    @model_validator(mode="after")
    def _holds_no_secret(self) -> Self:
        _refuse_secrets(self.url, self.password)
        return self


def _refuse_secrets(url: str, password: str | None) -> None:
    """Nothing here ever shows a value; what looks like a password is taken out of every text from now on."""
    if password is not None and not is_reference(password):
        remember(password)
        raise WrongKey("password", "key 'password' must be env:NAME or file:PATH, never the password itself")
    if is_reference(url):
        return
    parts = parts_of(url)
    if parts is None:
        remember(url)
        raise WrongKey(
            "url", "key 'url' must be a URL like postgresql+psycopg://user@host/name, or env:NAME, or file:PATH"
        )
    _refuse_password_in_url(parts)


def _refuse_password_in_url(parts: Parts) -> None:
    if parts.password:
        remember(parts.password)
    if parts.password or _URL_SECRETS.search(parts.query):
        raise WrongKey(
            "url",
            "key 'url' has a password in it; give it beside the url, as env:NAME or file:PATH under 'password'",
        )


class JournalText(Strict):
    """The journal: a file of SQLite, or a schema in a database of PostgreSQL that a team shares."""

    path: Filled | None = Field(default=None, description="SQLite file, relative to the project folder")
    url: Filled | None = Field(
        default=None, description="a URL of PostgreSQL without password, or env:NAME, or file:PATH"
    )
    password: str | None = Field(default=None, description="env:NAME or file:PATH, never the password itself")
    schema_: Filled = Field(
        default="cutover_journal",
        alias="schema",
        description="schema of its own for this project, in the database at url",
    )

    @model_validator(mode="after")
    def _is_one_place(self) -> Self:
        if self.url is not None:
            _refuse_secrets(self.url, self.password)
        if (self.path is None) == (self.url is None):
            raise WrongKey("url", "journal: write either 'path' (SQLite) or 'url' (PostgreSQL)")
        if self.url is None and (self.password is not None or "schema_" in self.model_fields_set):
            raise WrongKey("path", "journal: a file of SQLite has neither 'password' nor 'schema'")
        if self.url is not None and not is_reference(self.url) and not self.url.startswith("postgresql"):
            raise WrongKey(
                "url", "key 'url' of the journal must be one of PostgreSQL; for SQLite write the path of a file"
            )
        if not _SCHEMA.fullmatch(self.schema_) or self.schema_.startswith("pg_"):
            raise WrongKey("schema", "key 'schema' must be small letters, digits and _, such as journal_of_shop")
        return self


class RequirementText(Strict):
    """A rehearsal that must exist before this environment may be gone live in."""

    environment: str = Field(description="where the rehearsal must have been")
    at_least: Positive = Field(default=1, description="how many of them")
    within: Days | None = Field(default=None, description="how old the rehearsals may be, in whole days")
    rollback_rehearsed: Flag = Field(
        default=False, description="one of them must have undone something and come all the way back"
    )
    restore_proved: Flag = Field(default=False, description="one of them must have proved its backups")
    minimum_volume: Share | None = Field(
        default=None, description="share of the rows here that one of them must have had, such as 80 %"
    )
    minimum_coverage: Share | None = Field(
        default=None, description="share of the copied columns that validators must have judged in one of them"
    )


class PrefectText(Strict):
    """How runs are shown in Prefect."""

    use: PrefectUse = Field(default=PrefectUse.BEST_EFFORT, description="what happens without a Prefect server")
    port: Annotated[Whole, Field(ge=0, le=65_535)] = Field(
        default=4280, description="port of the project's own server; 0: any free one"
    )


def _as_table(value: Any) -> Any:
    return {"url": value} if isinstance(value, str) else value


def _as_place(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    return {"url": value} if "://" in value or is_reference(value) else {"path": value}


JournalPlace = Annotated[JournalText, BeforeValidator(_as_place, json_schema_input_type=str | JournalText)]
Database = Annotated[DatabaseText, BeforeValidator(_as_table, json_schema_input_type=str | DatabaseText)]


class EnvironmentText(PeopleOfEnvironment):
    """Where runbooks run: databases, people, and how strict the rules are."""

    live: Flag = Field(default=False, description="true where users work: only there `cutover go-live` goes")
    databases: dict[Name, Database] = Field(min_length=1, description="databases by the names that runbooks use")
    application: Filled | None = Field(
        default=None, description="the application's connection file, which `switch` writes"
    )
    people: People = Field(default=People.REQUIRED, description="whether steps for people wait for people")
    roles: dict[Filled, Listed] = Field(default={}, description="role -> names of people")
    declared_names: Flag = Field(default=False, description="whether `cutover approve --as NAME` is believed")
    prefect: PrefectUse | None = Field(default=None, description="as `use` of the project, for this environment")
    variables: dict[VariableName, str] = Field(
        default={}, description="variables of runbooks -> their values here; recorded with every run, so no secrets"
    )
    window: WindowText | None = Field(default=None, description="a go-live only begins inside")
    requires: tuple[RequirementText, ...] = Field(default=(), description="rehearsals that must exist before a go-live")
    tools: dict[Filled, Filled] = Field(
        default={}, description="kind of database -> folder of its programs, or env:NAME"
    )


class ProjectText(PeopleOfProject):
    """`cutover.yaml`: what the project is called, and its environments."""

    project: Filled = Field(description="name of the project")
    journal: JournalPlace = Field(
        default=JournalText(path=".cutover/journal.db"),
        description="where the journal is: a path, or a URL of PostgreSQL",
    )
    prefect: PrefectText = Field(default=PrefectText(), description="how runs are shown in Prefect")
    roles: dict[Filled, Filled] = Field(default={}, description="role -> what it is for; then no others may be named")
    environments: dict[Name, EnvironmentText] = Field(min_length=1, description="environments by name")

"""The schema of `cutover.yaml`, as Pydantic classes. How environments fit together is `loading_project`'s matter."""

from __future__ import annotations

import re
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, model_validator

from cutover.model.project import People, PrefectUse
from cutover.project.texts import Days, Filled, Flag, Listed, Name, Positive, Strict, Whole, WrongKey
from cutover.project.urls import Parts, is_reference, parts_of
from cutover.redact import remember

_URL_SECRETS = re.compile(r"(^|&)(password|passwd|sslpassword|pwd|token)=", re.IGNORECASE)


class DatabaseText(Strict):
    """A database: where it is, and where its password comes from."""

    url: Filled = Field(description="a SQLAlchemy URL without password, or env:NAME, or file:PATH")
    password: str | None = Field(default=None, description="env:NAME or file:PATH, never the password itself")

    @model_validator(mode="after")
    def _holds_no_secret(self) -> Self:
        # Nothing here ever shows a value; what looks like a password is taken out of every text from now on.
        if self.password is not None and not is_reference(self.password):
            remember(self.password)
            raise WrongKey("password", "key 'password' must be env:NAME or file:PATH, never the password itself")
        if is_reference(self.url):
            return self
        parts = parts_of(self.url)
        if parts is None:
            remember(self.url)
            raise WrongKey(
                "url", "key 'url' must be a URL like postgresql+psycopg://user@host/name, or env:NAME, or file:PATH"
            )
        self._refuse_password_in_url(parts)
        return self

    def _refuse_password_in_url(self, parts: Parts) -> None:
        if parts.password:
            remember(parts.password)
        if parts.password or _URL_SECRETS.search(parts.query):
            raise WrongKey(
                "url",
                "key 'url' has a password in it; give it beside the url, as env:NAME or file:PATH under 'password'",
            )


class RequirementText(Strict):
    """A rehearsal that must exist before this environment may be gone live in."""

    environment: str = Field(description="where the rehearsal must have been")
    at_least: Positive = Field(default=1, description="how many of them")
    within: Days | None = Field(default=None, description="how old the rehearsals may be, in whole days")
    rollback_rehearsed: Flag = Field(
        default=False, description="one of them must have undone something and come all the way back"
    )
    restore_proved: Flag = Field(default=False, description="one of them must have proved its backups")


class PrefectText(Strict):
    """How runs are shown in Prefect."""

    use: PrefectUse = Field(default=PrefectUse.BEST_EFFORT, description="what happens without a Prefect server")
    port: Annotated[Whole, Field(ge=0, le=65_535)] = Field(
        default=4280, description="port of the project's own server; 0: any free one"
    )


def _as_table(value: Any) -> Any:
    return {"url": value} if isinstance(value, str) else value


Database = Annotated[DatabaseText, BeforeValidator(_as_table, json_schema_input_type=str | DatabaseText)]


class EnvironmentText(Strict):
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
    requires: tuple[RequirementText, ...] = Field(default=(), description="rehearsals that must exist before a go-live")
    tools: dict[Filled, Filled] = Field(
        default={}, description="kind of database -> folder of its programs, or env:NAME"
    )


class ProjectText(Strict):
    """`cutover.yaml`: what the project is called, and its environments."""

    project: Filled = Field(description="name of the project")
    journal: Filled = Field(default=".cutover/journal.db", description="SQLite file of the journal")
    prefect: PrefectText = Field(default=PrefectText(), description="how runs are shown in Prefect")
    environments: dict[Name, EnvironmentText] = Field(min_length=1, description="environments by name")

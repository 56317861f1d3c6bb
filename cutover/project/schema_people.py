"""The parts of `cutover.yaml` that are about people: how they are reached, who may sign, which clocks run."""

from __future__ import annotations

import re
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from cutover.model.people import TEST_CHANNEL, Comms, Topic, Votes
from cutover.project.texts import Duration, Filled, Flag, Listed, Name, Strict, WrongKey
from cutover.project.urls import is_reference
from cutover.redact import remember

_MAIL = re.compile(r"[^@\s,;?&]+@[^@\s,;?&]+")


def _mail(value: str) -> str:
    if not _MAIL.fullmatch(value):
        raise ValueError("must be a mail address like ana@example.org")
    return value


class ContactText(Strict):
    """How a person is reached."""

    mail: Annotated[str, AfterValidator(_mail)] | None = Field(default=None, description="mail address")
    phone: Filled | None = Field(default=None, description="telephone number, shown to whoever waits for them")


class ChannelText(Strict):
    """A way out to people: an Apprise URL, and what is told through it."""

    url: str = Field(description="env:NAME or file:PATH of an Apprise URL, never the URL itself")
    hears: Annotated[tuple[Topic, ...], BeforeValidator(lambda value: [value] if isinstance(value, str) else value)] = (
        Field(default=tuple(Topic), min_length=1, description="what it is told; without it everything")
    )
    to_people: Flag = Field(default=False, description="also to the mail addresses of those concerned (mailto:// only)")

    @model_validator(mode="after")
    def _holds_no_secret(self) -> Self:
        # An Apprise URL is a credential as a whole: it is never shown, not even in this message.
        if not is_reference(self.url):
            remember(self.url)
            raise WrongKey("url", "key 'url' must be env:NAME or file:PATH: an Apprise URL holds credentials")
        return self


def _as_table(value: Any) -> Any:
    return {"url": value} if isinstance(value, str) else value


ChannelEntry = Annotated[ChannelText, BeforeValidator(_as_table, json_schema_input_type=str | ChannelText)]


class SlaText(Strict):
    """How long something may wait for people before it is overdue."""

    gate: Duration | None = Field(default=None, description="a gate, until it is decided")
    task: Duration | None = Field(default=None, description="a manual step, until it is confirmed")
    attention: Duration | None = Field(default=None, description="a run that needs attention, until somebody acts")
    review: Duration | None = Field(default=None, description="a gate opened by break-glass, until it is reviewed")


class PeopleOfProject(Strict):
    """Keys of the project."""

    signers: Filled = Field(default="allowed_signers", description="file of the people whose SSH signatures count")
    revoked_keys: Filled = Field(default="revoked_keys", description="file of SSH keys that count no more")
    author: Listed = Field(default=(), description="who wrote what runs, where git does not say it")
    contacts: dict[Filled, ContactText] = Field(default={}, description="person -> how they are reached")
    channels: dict[Name, ChannelEntry] = Field(
        default={}, description=f"name -> Apprise channel; {TEST_CHANNEL!r} hears everything where comms: test"
    )
    sla: SlaText = Field(default=SlaText(), description="clocks")


class PeopleOfEnvironment(Strict):
    """Keys of one environment."""

    votes: Votes | None = Field(
        default=None, description="which votes count; without it signed where live, else declared"
    )
    separation_of_duties: Flag | None = Field(
        default=None, description="nobody approves what they wrote or run; always where live"
    )
    break_glass: Listed = Field(
        default=(), description="roles of which one person alone may open a gate, to be reviewed"
    )
    comms: Comms = Field(default=Comms.OFF, description="whether people outside are told")

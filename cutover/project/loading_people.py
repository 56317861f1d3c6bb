"""What `cutover.yaml` says of people -> model, and what contradicts itself there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TypedDict

from cutover.model.outcome import Severity
from cutover.model.people import TEST_CHANNEL, Channel, Comms, Contact, Duty, Signers, Votes
from cutover.project.schema_people import ChannelText, PeopleOfEnvironment, PeopleOfProject, SlaText

#: A key, what is wrong with it, what to do, and how bad it is.
Wrong = tuple[str, str, str, Severity]


class OfProject(TypedDict):
    """What a Project is made with."""

    signers: Signers
    author: tuple[str, ...]
    contacts: Mapping[str, Contact]
    channels: tuple[Channel, ...]
    sla: Mapping[Duty, float]


class OfEnvironment(TypedDict):
    """What an Environment is made with."""

    votes: Votes
    separate_duties: bool
    break_glass: tuple[str, ...]
    comms: Comms


def people_of_project(text: PeopleOfProject, root: Path) -> OfProject:
    """Contacts, channels, clocks, and the files of signers with absolute paths."""
    return {
        "signers": Signers(allowed=root / text.signers, revoked=root / text.revoked_keys),
        "author": text.author,
        "contacts": {
            person: Contact(person=person, mail=contact.mail or "", phone=contact.phone or "")
            for person, contact in text.contacts.items()
        },
        "channels": tuple(_channel(name, channel) for name, channel in text.channels.items()),
        "sla": dict(_clocks(text.sla)),
    }


def people_of_environment(text: PeopleOfEnvironment, *, live: bool) -> OfEnvironment:
    """Where users work votes are signed unless the file says otherwise, and duties are always separate."""
    return {
        "votes": text.votes or (Votes.SIGNED if live else Votes.DECLARED),
        "separate_duties": live if text.separation_of_duties is None else text.separation_of_duties,
        "break_glass": text.break_glass,
        "comms": text.comms,
    }


def wrong_people(
    name: str, text: PeopleOfEnvironment, project: PeopleOfProject, *, live: bool, roles: Mapping[str, tuple[str, ...]]
) -> Iterator[Wrong]:
    """What is wrong with an environment's keys about people, taken together with the project's."""
    if live and text.separation_of_duties is False:
        yield (
            "separation_of_duties",
            f"environments.{name}: a live environment cannot switch the separation of duties off",
            "take the key out: it can be switched off only where nobody goes live",
            Severity.ERROR,
        )
    for role in text.break_glass:
        if not roles.get(role):
            yield (
                "break_glass",
                f"environments.{name}: nobody has the role {role!r} that may break the glass",
                f"write people for it into roles:; it has: {', '.join(roles) or 'none'}",
                Severity.ERROR,
            )
    if text.comms is Comms.TEST and TEST_CHANNEL not in project.channels:
        yield (
            "comms",
            f"environments.{name}: comms: test sends everything to the channel {TEST_CHANNEL!r}, and there is none",
            f"write channels: {{{TEST_CHANNEL}: env:NAME}}",
            Severity.ERROR,
        )
    if text.comms is Comms.ON and not set(project.channels) - {TEST_CHANNEL}:
        yield (
            "comms",
            f"environments.{name}: comms: on, and the project has no channel to tell anybody through",
            "write channels: with Apprise URLs as env:NAME or file:PATH",
            Severity.ERROR,
        )


def _channel(name: str, text: ChannelText) -> Channel:
    return Channel(name=name, url=text.url, hears=frozenset(text.hears), to_people=text.to_people)


def _clocks(text: SlaText) -> Iterator[tuple[Duty, float]]:
    for duty in Duty:
        seconds: float | None = getattr(text, duty.value)
        if seconds is not None:
            yield duty, seconds

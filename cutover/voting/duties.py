"""
Separation of duties: nobody approves what they wrote, or what they run.

Names are compared, and where names are not declared the accounts behind them, too, so that `sudo` leads nowhere. With
declared names the account is shared by everybody and says nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cutover.model.event import Event
from cutover.model.people import Vote
from cutover.model.project import Environment
from cutover.model.status import EventKind

_CARRYING = frozenset({EventKind.RUN_CREATED, EventKind.ATTEMPT_STARTED, EventKind.ROLLBACK_STARTED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Duties:
    """Who runs the run, and who wrote what it is made of: names of people and of accounts -> what they did."""

    carriers: Mapping[str, str]
    authors: Mapping[str, str]

    def conflict(self, environment: Environment, vote: Vote) -> str:
        """Why this person's go does not count; empty when it does, or where duties are not separate."""
        if not environment.separate_duties:
            return ""
        accounts = () if environment.declared_names else (vote.system_user, vote.login)
        for name in (vote.person, *accounts):
            for did in (self.carriers, self.authors):
                if name and name in did:
                    who = repr(vote.person) if name == vote.person else f"{vote.person!r} (account {name!r})"
                    return f"{who} {did[name]}"
        return ""


def duties(events: Sequence[Event]) -> Duties:
    """Who did what, from the events of a run."""
    carriers: dict[str, str] = {}
    for event in events:
        if event.kind in _CARRYING:
            did = "made this run" if event.kind is EventKind.RUN_CREATED else "carries this run"
            for name in _names(event.data.get("by")):
                carriers.setdefault(name, did)
    return Duties(carriers=carriers, authors=dict(_authors(events[0].data if events else {})))


def _names(by: object) -> Iterator[str]:
    if isinstance(by, Mapping):
        yield from (str(by[part]) for part in ("user", "login") if by.get(part))


def _authors(created: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for author in created.get("authors", ()):
        did = f"wrote {', '.join(str(file) for file in author.get('files', ())) or 'what runs'}"
        for name in ("person", "name", "mail"):
            if author.get(name):
                yield str(author[name]), did

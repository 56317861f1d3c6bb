"""
A message, the outlets it goes through, and what became of it.

Apprise is imported in the thread that sends: it takes a second, and most commands tell nobody anything.
"""

from __future__ import annotations

import logging
import queue
import re
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from cutover.redact import MASK, Secret, redact, remember

#: Seconds after which a channel that has not answered is given up.
ANSWER_SECONDS = 15.0

#: Keys of an Apprise URL's query that are addresses or settings, and no secret.
_OPEN = frozenset({"to", "from", "cc", "bcc", "reply", "name", "format", "cto", "rto", "verify", "smtp", "mode"})
#: Pieces of a URL that are shorter would tear holes into ordinary words.
_SHORTEST = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What is told. `about` is the number of the journal's event that it is about."""

    topic: str
    subject: str
    text: str
    about: int = 0
    step: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlet:
    """One channel with its URL, and the mail addresses that are told besides."""

    channel: str
    url: Secret
    to: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What became of a message on one channel."""

    channel: str
    message: Message
    sent: bool
    says: str  # why not, or to whom


@dataclass(slots=True)
class Postman:
    """Sends in the background; what has come back is collected by whoever writes the journal."""

    answer_seconds: float = ANSWER_SECONDS
    _answers: queue.SimpleQueue[tuple[int, Sent]] = field(default_factory=queue.SimpleQueue)
    _out: dict[int, tuple[Outlet, Message, float]] = field(default_factory=dict)
    _number: int = 0

    def send(self, outlets: Sequence[Outlet], message: Message) -> None:
        """Begin to send; returns at once."""
        for outlet in outlets:
            self._number += 1
            number = self._number
            self._out[number] = (outlet, message, time.monotonic() + self.answer_seconds)
            threading.Thread(
                target=self._deliver, args=(number, outlet, message), name=f"cutover-notify-{number}", daemon=True
            ).start()

    def collect(self, *, wait: bool = False) -> list[Sent]:
        """What has come back, each once; with `wait` all of it, and what does not answer in time as not sent."""
        found = self._arrived()
        while wait and self._out:
            time.sleep(0.02)
            found += self._arrived()
        return found

    def _arrived(self) -> list[Sent]:
        found: list[Sent] = []
        while not self._answers.empty():
            number, sent = self._answers.get()
            if self._out.pop(number, None) is not None:  # else it was given up already
                found.append(sent)
        late = [number for number, (_, _, until) in self._out.items() if time.monotonic() > until]
        for number in late:
            outlet, message, _ = self._out.pop(number)
            says = f"no answer within {self.answer_seconds:g} s"
            found.append(Sent(channel=outlet.channel, message=message, sent=False, says=says))
        return found

    def _deliver(self, number: int, outlet: Outlet, message: Message) -> None:
        self._answers.put((number, deliver(outlet, message)))


def deliver(outlet: Outlet, message: Message) -> Sent:
    """Send now and say what became of it. Never raises."""
    for piece in secrets_of(outlet.url.reveal()):
        if _is_token(piece):
            remember(piece)
    try:
        why_not = _apprised(outlet, message)
    except Exception as exc:  # noqa: BLE001 — a channel that breaks down is told as one that did not take it
        why_not = f"{type(exc).__name__}: {exc}"
    says = without(outlet.url, why_not)[:300] or (f"to {', '.join(outlet.to)}" if outlet.to else "taken by the channel")
    return Sent(channel=outlet.channel, message=message, sent=not why_not, says=says)


def _apprised(outlet: Outlet, message: Message) -> str:
    """Why it did not go out; empty when it did."""
    import apprise

    with _Listening() as heard:
        # One service alone, in this thread: a group of them would send in threads of its own, out of our hearing.
        service = apprise.Apprise.instantiate(with_addresses(outlet.url.reveal(), outlet.to))
        if not isinstance(service, apprise.NotifyBase):
            return "its url is none that Apprise understands"
        taken = service.notify(title=message.subject, body=message.text)
    return "" if taken else (heard.last or "it was refused, without a reason")


class _Listening(logging.Filter):
    """Hears what is logged in this thread, and keeps it out of the log: URLs stand in it, secrets and all."""

    LOGS = ("apprise", "urllib3.connectionpool", "requests_oauthlib")

    def __init__(self) -> None:
        super().__init__()
        self.last = ""
        self._thread = threading.get_ident()

    def __enter__(self) -> Self:
        for name in self.LOGS:
            logging.getLogger(name).addFilter(self)
        return self

    def __exit__(self, *_: object) -> None:
        for name in self.LOGS:
            logging.getLogger(name).removeFilter(self)

    def filter(self, record: logging.LogRecord) -> bool:
        """True for what others say."""
        if record.thread != self._thread:
            return True
        if record.levelno >= logging.WARNING:
            self.last = record.getMessage()
        return False


def with_addresses(url: str, to: Sequence[str]) -> str:
    """The URL of a mail channel with those it goes to; any other URL, and one without anybody, as it is."""
    if not to or not url.lower().startswith(("mailto://", "mailtos://")):
        return url
    return f"{url}{'&' if '?' in url else '?'}to={quote(','.join(to), safe='')}"


def secrets_of(url: str) -> set[str]:
    """The pieces of an Apprise URL that may be credentials: user, password, tokens in its path and its query."""
    _, _, rest = url.partition("://")
    parts = urlsplit(f"x://{rest}")
    values = {value for name, value in parse_qsl(parts.query) if name.lower() not in _OPEN}
    login = rest.rpartition("@")[0] if "@" in rest.split("/")[0] else ""
    pieces = {login.partition(":")[2], *parts.path.split("/"), *values}
    return {piece for one in pieces for piece in (one, unquote(one)) if len(piece) >= _SHORTEST} | {url}


def _is_token(piece: str) -> bool:
    """Whether a piece may be taken out of every text from now on: a word of the project must not be."""
    digits = sum(letter.isdigit() for letter in piece)
    return len(piece) >= 2 * _SHORTEST and 0 < digits < len(piece)


def without(url: Secret, text: str) -> str:
    """A text about a channel without any piece of its URL that may be secret, its host included."""
    revealed = url.reveal()
    host = revealed.partition("://")[2].split("/")[0].rpartition("@")[2].partition("?")[0]
    name = re.sub(r":\d+$", "", host)
    for piece in sorted(secrets_of(revealed) | {name}, key=len, reverse=True):
        if len(piece) >= _SHORTEST and piece not in ("localhost", "127.0.0.1"):
            text = text.replace(piece, MASK)
    return redact(" ".join(text.split()))

"""
What people outside are told of a run, and that they were: journal events -> messages -> `run.notified`.

`posting` wraps whoever watches a run. A message is sent in the background; what became of it is written into the
journal by the process that carries the run. Nothing here changes how a run ends: what cannot be sent is noted, no more.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from cutover.app.composing import Notice, compose, is_told
from cutover.app.standing import as_made
from cutover.app.watch import Unwatched, Watcher
from cutover.app.workspace import Workspace
from cutover.errors import CutoverError
from cutover.model.event import Event
from cutover.model.outcome import Progress
from cutover.model.people import TEST_CHANNEL, Channel, Comms, Topic
from cutover.model.project import Environment
from cutover.model.run import fold
from cutover.model.status import EventKind
from cutover.notify import Outlet, Postman, Sent
from cutover.project.urls import value_of
from cutover.redact import Secret, redact

_LOG = logging.getLogger("cutover.notify")

#: Seconds between two looks at reminders by a process that carries a run.
_LOOK_EVERY = 30.0


class Post:
    """Sends the notices of one run, and writes down what became of them. May be used by several threads."""

    def __init__(self, workspace: Workspace, run: str, postman: Postman | None = None) -> None:
        self._workspace = workspace
        self._run = run
        self._postman = postman or Postman()
        self._lock = threading.Lock()

    def tell(self, event: Event) -> None:
        """Tell people about an event that stands in the journal, where it is one that they are told about."""
        with self._lock:
            self._note(self._postman.collect())
            if not is_told(event.kind):
                return
            events = self._workspace.journal.events(self._run)
            state = fold(events)
            environment = as_made(state, self._workspace.environment(state.environment))
            notice = compose(event, state, environment, events)
            if notice is not None:
                self._send(notice, environment)

    def end(self) -> None:
        """Wait for what is under way, in bounded time, and write down what became of it."""
        with self._lock:
            self._note(self._postman.collect(wait=True))

    def _send(self, notice: Notice, environment: Environment) -> None:
        channels = self._workspace.project.channels
        message = notice.message
        if environment.comms is Comms.OFF:
            if channels or notice.topic is Topic.REMINDER:
                self._not_sent(notice, "", f"comms: off in {environment.name}: nobody was told", environment.comms)
            return
        if environment.comms is Comms.TEST:
            message = replace(message, subject=f"TEST {message.subject}", text=f"This is a test.\n\n{message.text}")
        told = list(self._channels(notice, environment))
        if not told and notice.topic is Topic.REMINDER:  # else it would seem lost on its way, and be sent for ever
            self._not_sent(notice, "", "no channel hears this", environment.comms)
        outlets = []
        for channel in told:
            to = self._addresses(notice) if channel.to_people and environment.comms is Comms.ON else ()
            if channel.to_people and environment.comms is Comms.ON and not to:
                self._not_sent(notice, channel.name, "nobody concerned has a mail address", environment.comms)
                continue
            try:
                url = value_of(
                    channel.url, self._workspace.project.root, os.environ, what=f"the url of channel {channel.name!r}"
                )
            except CutoverError as exc:
                self._not_sent(notice, channel.name, str(exc), environment.comms)
                continue
            outlets.append(Outlet(channel=channel.name, url=Secret(url, known=False), to=to))
        self._postman.send(outlets, message)

    def _channels(self, notice: Notice, environment: Environment) -> Iterator[Channel]:
        for channel in self._workspace.project.channels:
            if environment.comms is Comms.TEST:
                if channel.name == TEST_CHANNEL:
                    yield channel
            elif channel.name != TEST_CHANNEL and notice.topic in channel.hears:
                yield channel

    def _addresses(self, notice: Notice) -> tuple[str, ...]:
        contacts = self._workspace.project.contacts
        return tuple(contacts[person].mail for person in notice.people if person in contacts and contacts[person].mail)

    def _not_sent(self, notice: Notice, channel: str, says: str, comms: Comms) -> None:
        self._note([Sent(channel=channel, message=notice.message, sent=False, says=f"{says}")])

    def _note(self, sent: Sequence[Sent]) -> None:
        for one in sent:
            data = {
                "channel": one.channel,
                "topic": one.message.topic,
                "subject": one.message.subject,
                "text": one.message.text,
                "sent": one.sent,
                "says": one.says,
                "about": one.message.about,
            }
            self._workspace.journal.append(self._run, EventKind.NOTIFIED, step=one.message.step, data=data)


class Posting:
    """A watcher that tells another one, and people outside. Implements `app.watch.Watcher`."""

    def __init__(self, post: Post, inner: Watcher, look: Callable[[], None], tick: Callable[[], float]) -> None:
        self._post = post
        self._inner = inner
        self._look = look
        self._tick = tick
        self._looked = tick()

    def event(self, event: Event) -> None:
        """Show it, then tell people."""
        self._inner.event(event)
        guarded(lambda: self._post.tell(event))
        self._remind()

    def progress(self, progress: Progress) -> None:
        """Show it; now and then look whether a reminder is due."""
        self._inner.progress(progress)
        self._remind()

    def _remind(self) -> None:
        if self._tick() - self._looked >= _LOOK_EVERY:
            self._looked = self._tick()
            guarded(self._look)


@contextmanager
def posting(workspace: Workspace, run: str, watcher: Watcher | None) -> Iterator[Watcher]:
    """A watcher for an attempt at that run that also tells people; at the end what is under way is waited for."""
    from cutover.app import tasks  # tells people, too

    post = Post(workspace, run)

    def look() -> None:
        tasks.remind(workspace, run=run, post=post)

    try:
        yield Posting(post, watcher or Unwatched(), look, workspace.clock.tick)
    finally:
        guarded(post.end)


def tell_now(workspace: Workspace, event: Event) -> None:
    """Tell people about one event and wait, in bounded time, until it is known whether they were told."""
    post = Post(workspace, event.run)
    guarded(lambda: post.tell(event))
    guarded(post.end)


def guarded(work: Callable[[], object]) -> None:
    """Do it; what it raises is logged and changes nothing."""
    try:
        work()
    except Exception as exc:  # noqa: BLE001 — a notification is never a reason for a run to end otherwise
        _LOG.warning("nobody was told: %s: %s", type(exc).__name__, redact(str(exc)))

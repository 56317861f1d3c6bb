"""
The promotion rule: whether a live run may start, given what was rehearsed.

Pure: digests, requirements, rehearsals and the time in, a verdict with a sentence per requirement
out. `app` asks before it makes a live run; nothing here reads a journal or a file.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import PurePath
from typing import ClassVar, Protocol

from cutover.errors import GateClosed
from cutover.evidence.words import short
from cutover.model.project import Requirement
from cutover.model.rehearsal import Rehearsal
from cutover.model.status import RunStatus
from cutover.project.variables import differences as variable_differences
from cutover.words import counted

#: Files or steps named in one sentence; more are counted.
NAMED = 8


class NotRehearsed(GateClosed):
    """A live run was asked for before the rehearsals that `cutover.yaml` demands exist."""

    code: ClassVar[str] = "CUT-410"


class Digested(Protocol):
    """The digests of everything that would run now."""

    @property
    def raw(self) -> str:
        """Of the bytes."""

    @property
    def semantic(self) -> str:
        """Of the meaning: comments and layout removed."""

    @property
    def files(self) -> Mapping[str, tuple[str, str]]:
        """Path -> (raw, semantic)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """What would go live: the runbook by name and path, everything's digests, and each step's own."""

    runbook: str
    path: str  # as a person types it
    digests: Digested
    steps: Mapping[str, str]  # step id -> digest
    volumes: Mapping[str, int] = field(default_factory=dict)  # target table -> rows in its source, where they are known
    variables: Mapping[str, str] = field(default_factory=dict)  # their values in this environment
    skipped: frozenset[str] = frozenset()  # steps that `when` leaves out here


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One requirement and how it stands."""

    requirement: Requirement
    met: bool
    says: str
    runs: tuple[str, ...] = ()  # the rehearsals that meet it
    missing: tuple[str, ...] = ()  # why it is not met, a sentence each
    command: str = ""  # what to type next


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether the live run may start, and why: one line per requirement."""

    allowed: bool
    lines: tuple[Line, ...]
    semantic: str
    raw: str

    @property
    def commands(self) -> tuple[str, ...]:
        """What to type so that the rule is met, each command once."""
        return tuple(dict.fromkeys(line.command for line in self.lines if line.command))


def may_go_live(
    candidate: Candidate, requires: Sequence[Requirement], *, rehearsals: Iterable[Rehearsal], now: datetime
) -> Verdict:
    """
    Hold every requirement against the rehearsals of this runbook.

    A rehearsal counts when it came to its end, carried the same semantic digest, is not too old and does not
    lie in the future.
    Without any requirement the answer is yes: the environment's owner has asked for nothing.
    """
    known = tuple(past for past in rehearsals if past.runbook == candidate.runbook)
    lines = tuple(_line(candidate, requirement, known, now) for requirement in requires)
    return Verdict(
        allowed=all(line.met for line in lines),
        lines=lines,
        semantic=candidate.digests.semantic,
        raw=candidate.digests.raw,
    )


def demand(verdict: Verdict, *, environment: str) -> None:
    """Raise NotRehearsed with everything that is missing, and the commands to type, unless the verdict allows."""
    if verdict.allowed:
        return
    missing = [line.says for line in verdict.lines if not line.met]
    raise NotRehearsed(
        f"environment {environment!r} is closed to digest {short(verdict.semantic)}: " + "; ".join(missing),
        hint="; then ".join(f"`{command}`" for command in verdict.commands),
    )


def _line(candidate: Candidate, requirement: Requirement, known: Sequence[Rehearsal], now: datetime) -> Line:
    here = [past for past in known if past.environment == requirement.environment]
    counted_ones = [past for past in here if _why_not(candidate, requirement, past, now) == ""]
    missing = tuple(_missing(candidate, requirement, here, counted_ones, now))
    if missing:
        return Line(
            requirement=requirement,
            met=False,
            says=f"{requirement.environment}: " + ", ".join(missing),
            runs=tuple(past.run for past in counted_ones),
            missing=missing,
            command=_command(candidate, requirement, counted_ones),
        )
    return Line(
        requirement=requirement,
        met=True,
        says=_met_by(candidate, requirement, counted_ones),
        runs=tuple(past.run for past in counted_ones),
    )


def _missing(
    candidate: Candidate,
    requirement: Requirement,
    here: Sequence[Rehearsal],
    counted_ones: Sequence[Rehearsal],
    now: datetime,
) -> Iterable[str]:
    if len(counted_ones) < requirement.at_least:
        found = f"{len(counted_ones)} of {counted(requirement.at_least, 'rehearsal')} that count"
        yield f"no rehearsal of runbook {candidate.runbook!r} has ended" if not here else found
        for past in here:
            why = _why_not(candidate, requirement, past, now)
            if why:
                yield f"{past.run!r} {why}"
    if requirement.rollback_rehearsed and not any(past.rollback_rehearsed for past in counted_ones):
        yield "the rollback was not rehearsed and proved"
    if requirement.restore_proved and not any(past.restore_proved for past in counted_ones):
        yield "no backup was proved by a restore"
    if requirement.minimum_volume is not None and not any(
        _large(candidate, requirement, past) for past in counted_ones
    ):
        yield f"none had at least {_percent(requirement.minimum_volume)} of its rows{_largest(candidate, counted_ones)}"
    if requirement.minimum_coverage is not None and not any(_covered(requirement, past) for past in counted_ones):
        wanted = _percent(requirement.minimum_coverage)
        yield f"none judged at least {wanted} of the target's columns{_widest(counted_ones)}"


def _large(candidate: Candidate, requirement: Requirement, past: Rehearsal) -> bool:
    ratio = past.volume_ratio(candidate.volumes)
    return ratio is not None and ratio >= (requirement.minimum_volume or 0)


def _largest(candidate: Candidate, counted_ones: Sequence[Rehearsal]) -> str:
    """How far the rehearsals were from it, as far as that is known."""
    ratios = [ratio for past in counted_ones if (ratio := past.volume_ratio(candidate.volumes)) is not None]
    if ratios:
        return f" (the largest had {_percent(max(ratios))})"
    return " (how many it has could not be counted)" if counted_ones else ""


def _covered(requirement: Requirement, past: Rehearsal) -> bool:
    wanted = requirement.minimum_coverage or 0
    return past.coverage is not None and past.coverage[0] >= wanted * past.coverage[1]


def _widest(counted_ones: Sequence[Rehearsal]) -> str:
    known = [past.coverage for past in counted_ones if past.coverage]
    if known:
        judged, columns = max(known, key=lambda one: one[0] / one[1])
        return f" (the best judged {judged} of {columns})"
    return " (no validation said which it judged)" if counted_ones else ""


def _why_not(candidate: Candidate, requirement: Requirement, past: Rehearsal, now: datetime) -> str:
    """Why that rehearsal does not count; empty when it does."""
    if past.semantic != candidate.digests.semantic:
        return f"carried another digest ({short(past.semantic)}): {differences(candidate, past)}"
    if max(past.started, past.ended) > now:
        return f"lies in the future ({max(past.started, past.ended):%Y-%m-%d %H:%M} UTC): a clock is or was wrong"
    if past.drill and past.status is RunStatus.ROLLED_BACK and not past.complete:
        return "is a drill that does not count: it turned round early, took nothing back, or was not proved"
    if not past.complete:
        return f"did not come to its end ({past.status.replace('_', ' ')})"
    if requirement.within_days is not None and now - past.ended > timedelta(days=requirement.within_days):
        return f"is too old ({(now - past.ended).days} d, at most {requirement.within_days} d)"
    return ""


def differences(candidate: Candidate, past: Rehearsal) -> str:
    """Which steps and files differ in meaning between a rehearsal and what would run now, by name."""
    steps = _named("step", _changes(past.steps, candidate.steps)) if past.steps else ""
    files = _named(
        "file",
        _changes(
            {path: semantic for path, (_, semantic) in past.files.items()},
            {path: semantic for path, (_, semantic) in candidate.digests.files.items()},
        ),
    )
    return " and ".join(part for part in (steps, files) if part) or "which file differs was not recorded"


def _changes(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """Names with another digest; new and removed ones say so."""
    changed = []
    for name in sorted(before.keys() | now.keys()):
        if name not in before:
            changed.append(f"{name!r} (new)")
        elif name not in now:
            changed.append(f"{name!r} (removed)")
        elif before[name] != now[name]:
            changed.append(repr(name))
    return changed


def _named(what: str, names: Sequence[str]) -> str:
    if not names:
        return ""
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return f"{what}{'s' if len(names) > 1 else ''} {', '.join(names[:NAMED])}{more} changed"


def _met_by(candidate: Candidate, requirement: Requirement, counted_ones: Sequence[Rehearsal]) -> str:
    says = f"{requirement.environment}: rehearsed by " + ", ".join(
        f"{past.run} ({past.ended:%Y-%m-%d})" for past in counted_ones
    )
    if requirement.rollback_rehearsed:
        says += "; rollback proved by " + ", ".join(past.run for past in counted_ones if past.rollback_rehearsed)
    if requirement.restore_proved:
        says += "; restore proved by " + ", ".join(past.run for past in counted_ones if past.restore_proved)
    if requirement.minimum_volume is not None:
        says += f"; volume as asked for in {', '.join(_named_large(candidate, requirement, counted_ones))}"
    if requirement.minimum_coverage is not None:
        covering = [past for past in counted_ones if _covered(requirement, past) and past.coverage]
        says += "; columns judged: " + ", ".join(f"{past.run} ({_share(past)})" for past in covering)
    simulated = sorted({step for past in counted_ones for step in past.simulated})
    if simulated:
        says += "; nobody was asked at " + ", ".join(simulated)
    broken = sorted({step for past in counted_ones for step in past.broken_glass})
    if broken:
        says += "; opened by break-glass: " + ", ".join(broken)
    last = counted_ones[-1]
    says += _not_as_rehearsed(candidate, counted_ones, last)
    return says if last.raw == candidate.digests.raw else f"{says}; {_layout_only(candidate, last)}"


def _not_as_rehearsed(candidate: Candidate, counted_ones: Sequence[Rehearsal], last: Rehearsal) -> str:
    """What the rehearsals did not prove although they count: steps that they left out, and other values."""
    never = [
        step
        for step in candidate.steps
        if step not in candidate.skipped and all(step in past.skipped for past in counted_ones)
    ]
    told = [f"never carried out there: {', '.join(never)}"] if never else []
    told += variable_differences(last.variables, candidate.variables)
    return "".join(f"; {one}" for one in told)


def _named_large(candidate: Candidate, requirement: Requirement, counted_ones: Sequence[Rehearsal]) -> list[str]:
    return [
        f"{past.run} ({_percent(past.volume_ratio(candidate.volumes) or 0)})"
        for past in counted_ones
        if _large(candidate, requirement, past)
    ]


def _percent(share: float) -> str:
    """Never rounded up: 79.96 % is not 80 %."""
    return f"{math.floor(share * 1_000 + 1e-9) / 10:g} %"


def _share(past: Rehearsal) -> str:
    judged, columns = past.coverage or (0, 0)
    return f"{judged} of {columns}"


def _layout_only(candidate: Candidate, past: Rehearsal) -> str:
    """The digests of the bytes when they differ although the meaning is the same: allowed, and shown."""
    changed = [path for path, (raw, _) in candidate.digests.files.items() if past.files.get(path, ("", ""))[0] != raw]
    files = ", ".join(sorted(changed)[:NAMED]) or "files"
    return (
        f"same meaning ({short(candidate.digests.semantic)}), other bytes since {past.run}"
        f" ({short(past.raw)}, now {short(candidate.digests.raw)}): only comments or layout of {files}"
    )


def _command(candidate: Candidate, requirement: Requirement, counted_ones: Sequence[Rehearsal]) -> str:
    drill = requirement.rollback_rehearsed and not any(past.rollback_rehearsed for past in counted_ones)
    command = f"cutover rehearse {PurePath(candidate.path).as_posix()} --env {requirement.environment}"
    return f"{command} --drill" if drill else command

"""
What is wrong in a project's files, as values: collected, sorted, and at the end raised as one error.

Every problem has its file and line, so that an editor and a tired person find the place.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from cutover.errors import WrongInput
from cutover.model.outcome import Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong, or looks wrong, in one line of one file."""

    file: str  # relative to the project folder, with forward slashes
    line: int  # from 1
    says: str
    hint: str = ""
    severity: Severity = Severity.ERROR
    runbook: str = ""  # the runbook that was being read; empty when it concerns them all

    @property
    def where(self) -> str:
        """`runbooks/x.yaml:12`."""
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """The file that something stands in, and how it came from there into the runbook."""

    file: str
    via: tuple[str, ...] = ()  # file:line of each include on the way, the nearest first
    prefix: str = ""  # what the includes put before the ids of its steps
    lane: int = 0  # of steps: the same for all of one include; 0 for those that stand in the phase itself

    def problem(self, line: int, says: str, hint: str = "", *, severity: Severity = Severity.ERROR) -> Problem:
        """A problem in a line of that file; it says from where the file was included."""
        way = f" (included in {', and that in '.join(self.via)})" if self.via else ""
        return Problem(file=self.file, line=line, says=says + way, hint=hint, severity=severity)


class WrongFile(WrongInput):
    """One or more things are wrong in the project's files; the message lists them all, first line first."""

    code: ClassVar[str] = "CUT-110"

    def __init__(self, problems: Sequence[Problem]) -> None:
        first, *others = problems
        lines = [f"{first.where}: {first.says}"]
        lines += [f"{other.where}: {other.says}" + (f" ({other.hint})" if other.hint else "") for other in others]
        super().__init__("\n".join(lines), hint=first.hint)
        self.problems = tuple(problems)


def wrong(file: str, line: int, says: str, hint: str = "") -> WrongFile:
    """The error of a single problem."""
    return WrongFile([Problem(file=file, line=line, says=says, hint=hint)])


def in_order(problems: Iterable[Problem]) -> list[Problem]:
    """By file and line, each once; what was found first in a line stays first."""
    return sorted(dict.fromkeys(problems), key=lambda problem: (problem.file, problem.line))


def errors_of(problems: Iterable[Problem]) -> list[Problem]:
    """The problems that keep a project from running, without the warnings."""
    return [problem for problem in problems if problem.severity is Severity.ERROR]


def refuse(problems: Iterable[Problem]) -> None:
    """Raise WrongFile when there is an error among `problems`; warnings pass."""
    errors = in_order(errors_of(problems))
    if errors:
        raise WrongFile(errors)


def suggestion(word: str, known: Iterable[str], *, called: str) -> str:
    """`did you mean 'owner'? known keys: owner, …` for a hint; `called` is what the known words are, in the plural."""
    words = sorted(set(known))
    near = nearest(word, words)
    listed = f"known {called}: {', '.join(words) or 'none'}"
    return f"did you mean {near!r}? {listed}" if near else listed


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that `word` most likely was to be; None when none is near."""
    words = {one.lower(): one for one in known}
    near = difflib.get_close_matches(word.lower(), words, n=1, cutoff=0.6)
    return words[near[0]] if near else None

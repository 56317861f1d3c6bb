"""
What an environment may have different from the runbook's text, as data: for each key, which way is tighter.

Where users work an override may only tighten; elsewhere it may go either way. A key that is not here is the same
everywhere, because the rehearsal would not have proved what runs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from cutover.model.window import Window
from cutover.project.texts import seconds
from cutover.project.texts_of_time import WindowText


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One key: whether `after` is at least as tight as `before`, and the allowed direction in words."""

    allowed: str  # the rest of "may only …"
    tighter: Callable[[Any, Any], bool]


def _up(before: Any, after: Any) -> bool:
    return before is None or (after is not None and after >= before)


def _down(before: Any, after: Any) -> bool:
    return before is None or (after is not None and after <= before)


def _shorter(before: str | None, after: str | None) -> bool:
    return before is None or (after is not None and seconds(after) <= seconds(before))


def _more(before: Any, after: Any) -> bool:
    return all(one in (after or ()) for one in before or ())


def _up_each(before: Mapping[str, int], after: Mapping[str, int]) -> bool:
    return all(after.get(one, 0) >= number for one, number in before.items())


def _fewer(before: Any, after: Any) -> bool:
    return bool(after) and all(one in (before or ()) for one in after)


def _narrower(before: WindowText | Window | None, after: WindowText | Window | None) -> bool:
    return before is None or (after is not None and _window(after).narrower_than(_window(before)))


def _window(window: WindowText | Window) -> Window:
    return window if isinstance(window, Window) else window.value()


def _towards(*stages: Any) -> Callable[[Any, Any], bool]:
    """From looser to tighter."""

    def tighter(before: Any, after: Any) -> bool:
        return stages.index(_plain(after)) >= stages.index(_plain(before))

    return tighter


def _plain(value: Any) -> Any:
    return value.value if isinstance(value, Enum) else value


#: `*` stands for every kind of step, `environment` for the environment itself.
RULES: Mapping[str, Rule] = {
    "environment.people": Rule(
        allowed="change from 'simulated' to 'required'", tighter=_towards("simulated", "required")
    ),
    "environment.requires": Rule(
        allowed="get longer: every line beside those that are there must be met", tighter=_more
    ),
    "environment.window": Rule(allowed="become narrower, in the same zone", tighter=_narrower),
    "retry.tries": Rule(allowed="go down: fewer tries", tighter=_down),
    "if_it_fails": Rule(
        allowed="change from 'roll back' to 'stop', where a person decides", tighter=_towards("roll back", "stop")
    ),
    "window": Rule(allowed="become narrower, in the same zone", tighter=_narrower),
    "*.at_most": Rule(allowed="go down: fewer exceptions", tighter=_down),
    "approve.needs": Rule(allowed="go up: more people must agree", tighter=_up),
    "approve.quorum": Rule(allowed="go up, role by role: more people must agree", tighter=_up_each),
    "approve.by": Rule(allowed="lose roles: fewer people may say go", tighter=_fewer),
    "approve.facts": Rule(allowed="get longer: more facts must hold", tighter=_more),
    "approve.expires": Rule(allowed="become shorter", tighter=_shorter),
    "manual.evidence": Rule(allowed="change from 'optional' to 'required'", tighter=_towards("optional", "required")),
    "check.checks": Rule(allowed="get longer: more questions must be answered rightly", tighter=_more),
    "check.empty": Rule(allowed="get longer: more tables must be empty", tighter=_more),
    "smoke.checks": Rule(allowed="get longer: more questions must be answered rightly", tighter=_more),
    "validate.tables": Rule(allowed="get longer: more tables are judged", tighter=_more),
    "reconcile.totals": Rule(allowed="change from false to true", tighter=_towards(False, True)),
    "reconcile.fingerprints": Rule(allowed="change from false to true", tighter=_towards(False, True)),
}


def rule_of(key: str) -> Rule | None:
    """The rule of `retry.tries` or `approve.needs`; None when the key is the same everywhere."""
    return RULES.get(key) or RULES.get(f"*.{key.partition('.')[2]}")


def keys_of(kind: str) -> list[str]:
    """The keys of a step of that kind that an environment may have different."""
    common = [key for key in RULES if "." not in key or key.startswith("retry.")]
    return [*common, *(key for key in RULES if key.startswith(f"{kind}."))]


def said(value: Any) -> str:
    """A value of a key as a person reads it."""
    match value:
        case WindowText() | Window():
            return _window(value).says()
        case bool():
            return "true" if value else "false"
        case Enum():
            return str(value.value)
        case tuple() | list() if all(isinstance(one, str) for one in value):
            return ", ".join(value) or "none"
        case dict():
            return ", ".join(f"{name} {number}" for name, number in value.items()) or "none"
        case tuple() | list():
            return f"{len(value)} of them"
        case None:
            return "not set"
    return str(value)

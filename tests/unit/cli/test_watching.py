"""A run drawn anew until it has ended, on a terminal; once where there is none."""

from __future__ import annotations

import io
from typing import Any

from rich.console import Console

from cutover.cli.watching import follow


def documents(*statuses: str) -> Any:
    """A look that sees the run in these states, one after the other."""
    left = list(statuses)

    def look() -> dict[str, Any]:
        return {
            "run": "dev-1",
            "status": left.pop(0) if len(left) > 1 else left[0],
            "runbook": "Shop",
            "environment": "dev",
            "mode": "rehearsal",
            "past_point_of_no_return": False,
            "steps": [],
            "forecast": None,
            "next": [],
        }

    return look


def drawn(look: Any, *, terminal: bool, wait: Any) -> str:
    out = Console(file=io.StringIO(), width=80, force_terminal=terminal, highlight=False)
    follow(look, out, wait=wait)
    return out.file.getvalue()  # type: ignore[attr-defined, no-any-return]


def test_it_is_drawn_every_second_until_the_run_has_ended() -> None:
    waits: list[float] = []

    text = drawn(documents("running", "paused", "rolling_back", "rolled_back"), terminal=True, wait=waits.append)

    assert waits == [1.0, 1.0, 1.0]
    assert text.rindex("rolled back") > text.rindex("rolling back") > text.rindex("paused")


def test_ctrl_c_stops_looking_and_nothing_else() -> None:
    def leave(seconds: float) -> None:
        raise KeyboardInterrupt

    assert "running" in drawn(documents("running"), terminal=True, wait=leave)


def test_where_there_is_no_terminal_it_is_drawn_once() -> None:
    def never(seconds: float) -> None:
        raise AssertionError("nobody waits for a file")

    assert drawn(documents("running"), terminal=False, wait=never).count("dev-1") == 1

"""What a terminal and a log file show of a run: one line per event, bars or lines for progress, no secret."""

from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

from cutover.cli import screen
from cutover.cli.screen import Screen
from cutover.model.event import Event
from cutover.model.outcome import Progress
from cutover.model.status import EventKind
from cutover.redact import Secret
from tests.unit.evidence.events import at

KINDS = {"copy-all": "copy", "go-no-go": "approve", "check": "check"}
COPIED = {
    "tables": [{"table": "t", "extracted": 7, "loaded": 5, "quarantined": 2, "excluded": 0, "nulled": 0, "chunks": 1}]
}


def shown(*events: Event, width: int = 110, terminal: bool = False) -> list[str]:
    """The lines that a console of that width has after these events."""
    out = Console(file=io.StringIO(), width=width, force_terminal=terminal, color_system=None, highlight=False)
    watcher = Screen(out, kinds=KINDS)
    for event in events:
        watcher.event(event)
    return out.file.getvalue().splitlines()  # type: ignore[attr-defined, no-any-return]


def failed(detail: str, step: str = "check") -> Event:
    return at(2, EventKind.STEP_FAILED, step, detail=detail)


def test_a_step_that_is_done_is_one_line_with_its_time_and_facts() -> None:
    lines = shown(at(0, EventKind.STEP_STARTED, "copy-all"), at(2.5, EventKind.STEP_DONE, "copy-all", facts=COPIED))

    assert lines == ["  ✓ copy-all                       2.5 s  5 rows loaded, 2 quarantined"]


@pytest.mark.parametrize(
    ("kind", "data", "mark", "says"),
    [
        (EventKind.STEP_FAILED, {"detail": "7 rows differ"}, "✗", "7 rows differ"),
        (EventKind.STEP_UNKNOWN, {"detail": "the link died"}, "?", "the link died"),
        (EventKind.STEP_WAITING, {"detail": "ask ana"}, "…", "ask ana"),
        (EventKind.STEP_RETRYING, {"detail": "locked"}, "↻", "locked"),
        (EventKind.STEP_SKIPPED, {"reason": "not here"}, "–", "not here"),
        (EventKind.UNDO_DONE, {"facts": {}}, "↩", "undone"),
        (EventKind.UNDO_FAILED, {"detail": "in use"}, "✗", "in use"),
        (EventKind.UNDO_SKIPPED, {"reason": "reads only"}, "·", "reads only"),
        (EventKind.FOUND, {"check": "fingerprint", "says": "1 row"}, "!", "fingerprint: 1 row"),
    ],
)
def test_every_event_of_a_step_that_counts_has_its_line(
    kind: EventKind, data: dict[str, Any], mark: str, says: str
) -> None:
    assert shown(at(1, kind, "check", **data)) == [f"  {mark} {'check':<38}{says}"]


@pytest.mark.parametrize(
    ("kind", "data", "line"),
    [
        (EventKind.ROLLBACK_STARTED, {"reason": "it failed"}, "rolling back: it failed"),
        (EventKind.POINT_OF_NO_RETURN, {}, "past the point of no return"),
        (EventKind.ROLLED_BACK, {}, "rolled back"),
        (EventKind.ROLLBACK_STUCK, {"reason": "in use"}, "rollback stuck: in use"),
        (EventKind.PROOF, {"moment": "after", "world": {"a": "1", "b": "2"}}, "  ◦ fingerprints of the world after: 2"),
    ],
)
def test_turns_of_the_run_are_lines(kind: EventKind, data: dict[str, Any], line: str) -> None:
    assert shown(at(1, kind, **data)) == [line]


@pytest.mark.parametrize(
    "kind", [EventKind.STEP_READY, EventKind.STEP_STARTED, EventKind.STEP_VERIFYING, EventKind.ATTEMPT_ENDED]
)
def test_what_nobody_waits_for_is_no_line(kind: EventKind) -> None:
    assert shown(at(1, kind, "check")) == []


def test_a_decision_is_said_once() -> None:
    facts = {"decision": "go", "votes": [{"person": "ana"}]}
    decided = at(1, EventKind.DECIDED, "go-no-go", decision="go", votes=[])

    assert shown(decided, at(2, EventKind.STEP_DONE, "go-no-go", facts=facts)) == [
        "  ✓ go-no-go                              decision: go, 1 vote"
    ]


def test_a_decision_on_the_way_back_is_said() -> None:
    """There the end of the step says nothing of it."""
    back = at(0, EventKind.ROLLBACK_STARTED, reason="asked for")

    assert shown(back, at(1, EventKind.DECIDED, "go-no-go", decision="done"))[1:] == [
        "  ◆ go-no-go                              decision: done"
    ]


def test_case_58_a_secret_in_a_detail_is_not_shown() -> None:
    Secret("canary-of-the-screen").reveal()

    (line,) = shown(failed("password canary-of-the-screen refused"))
    assert "canary" not in line and "password" in line


def test_brackets_are_text_and_no_markup() -> None:
    lines = shown(
        failed("table [red]: column '[/]' and [link=https://example.org]x[/link]", step="[bold]check[/bold]"),
        at(3, EventKind.ROLLBACK_STARTED, reason="table [red] failed [/red]"),
    )

    assert "[bold]check[/bold]" in lines[0]
    assert lines[0].endswith("table [red]: column '[/]' and [link=https://example.org]x[/link]")
    assert lines[1] == "rolling back: table [red] failed [/red]"


LONG = "the control total of flights and minutes by carrier and month differs in 3 of 186 groups: AA in 2013-02 has 4"


@pytest.mark.parametrize("width", [60, 110, 200])
def test_a_long_detail_wraps_between_words_and_under_itself(width: int) -> None:
    lines = shown(failed(LONG), width=width, terminal=True)

    assert all(len(line) <= width for line in lines)
    assert " ".join(" ".join(lines).split()).endswith(LONG)
    assert len({len(line) - len(line.lstrip()) for line in lines[1:]}) <= 1
    assert len(lines) == {60: 4, 110: 2, 200: 1}[width]


def test_a_line_of_a_log_file_stays_in_one_piece() -> None:
    """It is searched by `grep`, and nobody knows how wide it will be read."""
    (line,) = shown(failed(LONG), width=60)

    assert line.endswith(LONG)


def test_names_that_are_long_move_every_line() -> None:
    out = Console(file=io.StringIO(), width=110, no_color=True)
    watcher = Screen(out, kinds={"a-step-whose-name-is-rather-long": "check", "b": "check"})
    watcher.event(failed("first", step="a-step-whose-name-is-rather-long"))
    watcher.event(failed("second", step="b"))

    first, second = out.file.getvalue().splitlines()  # type: ignore[attr-defined]
    assert first.index("first") == second.index("second")


def stand(done: int, *, total: int | None = 2000, waiting_for: str = "") -> Progress:
    return Progress(step="copy-all", what="t[able]", done=done, total=total, waiting_for=waiting_for)


def test_progress_without_a_terminal_is_a_line_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(screen.time, "monotonic", lambda: now[0])
    out = Console(file=io.StringIO(), width=110, no_color=True)
    watcher = Screen(out, kinds=KINDS)
    for seconds, done in ((0, 10), (1, 400), (screen.QUIET_SECONDS, 1000), (screen.QUIET_SECONDS + 1, 1400)):
        now[0] = 100.0 + seconds
        watcher.progress(stand(done))

    assert out.file.getvalue() == "    t[able]: 1,000 of 2,000 rows\n"  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("progress", "said"),
    [
        (stand(1000), "1,000 of 2,000 rows"),
        (stand(1000, total=None), "1,000 rows"),
        (stand(0, waiting_for="a lock of 'payroll'"), "waiting: a lock of 'payroll'"),
    ],
)
def test_progress_on_a_terminal_is_a_bar_until_its_step_ends(progress: Progress, said: str) -> None:
    out = Console(file=io.StringIO(), width=110, force_terminal=True, no_color=True)
    with Screen(out, kinds=KINDS) as watcher:
        watcher.progress(progress)
        drawn = Console(file=io.StringIO(), width=110)
        drawn.print(watcher._bars.get_renderable())
        watcher.event(at(2, EventKind.STEP_DONE, "copy-all", facts=COPIED))
        assert watcher._bars.tasks == []

    assert "copy-all t[able]" in drawn.file.getvalue() and said in drawn.file.getvalue()  # type: ignore[attr-defined]
    assert "✓ copy-all" in out.file.getvalue()  # type: ignore[attr-defined]

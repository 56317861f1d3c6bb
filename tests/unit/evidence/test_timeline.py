"""Spans of time read from events: work, pauses, waiting, the way back, and processes that died."""

from __future__ import annotations

from cutover.evidence.timeline import SpanEnd, SpanKind, durations_ms, idle, spans
from cutover.model.status import EventKind as E
from tests.unit.evidence.events import at


def seen(*events: object) -> list[tuple[str, str, int, int, str]]:
    """The spans in short."""
    return [(s.step, str(s.kind), s.start_ms, s.end_ms, str(s.end)) for s in spans(events)]  # type: ignore[arg-type]


def test_a_step_that_is_done_is_one_span() -> None:
    events = (
        at(0, E.ATTEMPT_STARTED),
        at(1, E.STEP_STARTED, "a"),
        at(2, E.STEP_VERIFYING, "a"),
        at(3, E.STEP_DONE, "a"),
    )

    assert seen(*events) == [("a", "work", 1_000, 3_000, "done")]


def test_a_retried_step_shows_both_tries_and_the_pause_between_and_all_of_it_counts() -> None:
    events = (
        at(0, E.STEP_STARTED, "a"),
        at(2, E.STEP_RETRYING, "a"),
        at(5, E.STEP_STARTED, "a", attempt=2),
        at(9, E.STEP_DONE, "a", attempt=2),
    )

    assert [span[1:] for span in seen(*events)] == [
        ("work", 0, 2_000, "retried"),
        ("pause", 2_000, 5_000, "done"),
        ("work", 5_000, 9_000, "done"),
    ]
    assert durations_ms(events) == {"a": 9_000}


def test_waiting_for_a_person_is_a_span_of_its_own_and_no_work() -> None:
    events = (
        at(0, E.STEP_STARTED, "gate"),
        at(1, E.STEP_WAITING, "gate"),
        at(1, E.RUN_PAUSED),
        at(3_600, E.ATTEMPT_STARTED),
        at(3_601, E.STEP_STARTED, "gate", attempt=2),
        at(3_602, E.STEP_DONE, "gate", attempt=2),
    )

    assert [span[1:] for span in seen(*events)] == [
        ("work", 0, 1_000, "waiting"),
        ("waiting", 1_000, 3_601_000, "done"),
        ("work", 3_601_000, 3_602_000, "done"),
    ]
    assert durations_ms(events) == {"gate": 2_000}


def test_what_a_dead_process_was_doing_ends_at_the_last_event_anybody_saw() -> None:
    events = (
        at(0, E.STEP_STARTED, "copy"),
        at(4, E.REMEMBERED, "copy"),
        at(900, E.RUN_INTERRUPTED),
        at(900, E.ATTEMPT_STARTED),
        at(901, E.STEP_STARTED, "copy", attempt=2),
        at(905, E.STEP_DONE, "copy", attempt=2),
    )

    assert [span[1:] for span in seen(*events)] == [
        ("work", 0, 4_000, "interrupted"),
        ("work", 901_000, 905_000, "done"),
    ]


def test_an_undo_is_a_span_and_not_part_of_the_steps_duration() -> None:
    events = (
        at(0, E.STEP_STARTED, "a"),
        at(1, E.STEP_DONE, "a"),
        at(2, E.ROLLBACK_STARTED),
        at(2, E.UNDO_STARTED, "a"),
        at(5, E.UNDO_DONE, "a"),
    )

    assert seen(*events)[1] == ("a", "undo", 2_000, 5_000, "done")
    assert durations_ms(events) == {"a": 1_000}


def test_what_still_goes_on_is_open_until_the_last_event() -> None:
    (span,) = spans((at(0, E.STEP_STARTED, "a"), at(7, E.FOUND, "a")))

    assert (span.kind, span.end, span.end_ms) == (SpanKind.WORK, SpanEnd.OPEN, 7_000)


def test_a_step_settled_as_done_after_an_unknown_outcome_has_a_duration() -> None:
    events = (at(0, E.STEP_STARTED, "a"), at(3, E.STEP_UNKNOWN, "a"), at(4, E.STEP_DONE, "a"))

    assert durations_ms(events) == {"a": 3_000}


def test_idle_is_where_nothing_worked() -> None:
    events = (
        at(0, E.RUN_CREATED),
        at(2, E.STEP_STARTED, "a"),
        at(3, E.STEP_WAITING, "a"),
        at(10, E.STEP_STARTED, "a"),
        at(11, E.STEP_DONE, "a"),
    )

    assert idle(spans(events), until_ms=20_000) == ((0, 2_000), (3_000, 10_000), (11_000, 20_000))


def test_what_a_person_settled_goes_on_no_longer() -> None:
    found = spans(
        [
            at(0, E.RUN_CREATED),
            at(1, E.UNDO_STARTED, "a"),
            at(5, E.SETTLED_UNDONE, "a"),
            at(9, E.RUN_PAUSED),
        ]
    )

    assert [(one.kind, one.start_ms, one.end_ms, one.end) for one in found] == [
        (SpanKind.UNDO, 1_000, 5_000, SpanEnd.SKIPPED)
    ]


def test_a_step_halted_at_a_safe_point_has_worked_until_then() -> None:
    found = spans([at(0, E.RUN_CREATED), at(1, E.STEP_STARTED, "a"), at(4, E.STEP_HALTED, "a"), at(9, E.RUN_PAUSED)])

    assert [(one.kind, one.ms, one.end) for one in found] == [(SpanKind.WORK, 3_000, SpanEnd.HALTED)]

"""Texts typed one by one, without Pydantic's lenience."""

from __future__ import annotations

import pytest

from cutover.project import texts


@pytest.mark.parametrize("value", ["yes", "no", "on", "1", "True", "", ["true"]])
def test_case_52_only_true_and_false_are_flags(value: object) -> None:
    with pytest.raises(ValueError, match="must be true or false"):
        texts.flag(value)


def test_flags() -> None:
    assert texts.flag("true") is True
    assert texts.flag("false") is False


@pytest.mark.parametrize(("text", "number"), [("0", 0), ("42", 42), ("-7", -7), ("+7", 7), ("007", 7)])
def test_whole_numbers(text: str, number: int) -> None:
    assert texts.whole(text) == number


@pytest.mark.parametrize("text", ["1.0", "1_000", "1e3", " 1", "0x10", "many", "", "٣"])
def test_nothing_else_is_a_whole_number(text: str) -> None:
    with pytest.raises(ValueError, match="must be a whole number, not"):
        texts.whole(text)


@pytest.mark.parametrize(
    ("text", "number"),
    [("20 s", 20), ("20s", 20), ("3 min", 180), ("2 h", 7200), ("21 d", 1_814_400), ("500 ms", 0.5), ("1.5 s", 1.5)],
)
def test_durations_are_seconds(text: str, number: float) -> None:
    assert texts.seconds(text) == number


@pytest.mark.parametrize("text", ["20", "1:30", "-1 s", "2 weeks", "s", "1 s 2", "nan s"])
def test_a_duration_has_a_number_and_a_unit(text: str) -> None:
    with pytest.raises(ValueError, match="must be a duration like 20 s"):
        texts.seconds(text)


def test_days_are_whole() -> None:
    assert texts.whole_days("48 h") == 2
    with pytest.raises(ValueError, match="must be whole days"):
        texts.whole_days("36 h")


@pytest.mark.parametrize(("number", "text"), [(1, "1 s"), (0.5, "0.5 s"), (90, "90 s"), (120, "2 min"), (7200, "2 h")])
def test_seconds_are_said_as_people_do(number: float, text: str) -> None:
    assert texts.said_seconds(number) == text


def test_a_long_wrong_value_is_cut() -> None:
    assert len(texts.shown("x" * 10_000)) < 80


@pytest.mark.parametrize(("text", "number"), [("80 %", 0.8), ("80%", 0.8), ("0.8", 0.8), ("1", 1), ("99.5 %", 0.995)])
def test_shares(text: str, number: float) -> None:
    assert texts.share(text) == pytest.approx(number)


@pytest.mark.parametrize("text", ["80", "1.1", "101 %", "-1 %", "eighty", "", "nan", ["80 %"]])
def test_nothing_else_is_a_share(text: object) -> None:
    with pytest.raises(ValueError, match=r"must be a share like 80 % or 0\.8, not"):
        texts.share(text)

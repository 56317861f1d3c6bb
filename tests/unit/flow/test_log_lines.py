"""Secrets are taken out of log records before any handler formats them."""

from __future__ import annotations

import logging

from cutover.flow.log_lines import Redaction
from cutover.redact import Secret

SECRET = Secret("stieglitz-4e2b").reveal()


def record(message: str, *arguments: object, exc: BaseException | None = None) -> logging.LogRecord:
    info = (type(exc), exc, exc.__traceback__) if exc else None
    made = logging.LogRecord("cutover", logging.INFO, __file__, 1, message, arguments, info)
    assert Redaction().filter(made)
    return made


def test_in_the_message_and_its_arguments() -> None:
    assert record(f"{SECRET} %s", SECRET).getMessage() == "*** ***"


def test_in_the_exception() -> None:
    told = logging.Formatter().format(record("failed", exc=ValueError(f"as {SECRET}")))
    assert told == "failed\nValueError: as ***"


def test_a_percent_sign_in_the_text_survives() -> None:
    assert record("%s of 7 rows", "100 %").getMessage() == "100 % of 7 rows"

"""An event with a long value is written at once: the redactor once took minutes for a word of 70,000 letters."""

from __future__ import annotations

import time

import pytest

from cutover.journal import chain
from cutover.model.status import EventKind
from cutover.redact import redact

LONG = 300_000


@pytest.mark.parametrize(
    "text",
    ["x" * LONG, "x://" * (LONG // 4) + "@", "://a:" * (LONG // 5), "password=" * (LONG // 9), "@" * LONG + "://a:b"],
    ids=["letters", "schemes", "users", "passwords", "hosts"],
)
def test_a_long_text_takes_no_time(text: str) -> None:
    began = time.perf_counter()
    chain.entry(EventKind.FOUND, data={"sample": text})

    assert time.perf_counter() - began < 2


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgresql+psycopg://ana:s3cret@db1/x", "postgresql+psycopg://ana:***@db1/x"),
        ("at 'POSTGRESQL://ana:s3cret@db1' and ftp://eve:pw@h", "at 'POSTGRESQL://ana:***@db1' and ftp://eve:***@h"),
        ("postgresql://ana:p@ss:w/rd@db1", "postgresql://ana:***@db1"),
        ("postgresql://:s3cret@db1", "postgresql://:***@db1"),
        ("http://host:80/path and ana@db1", "http://host:80/path and ana@db1"),
        ("postgresql://ana@db1:5432/x", "postgresql://ana@db1:5432/x"),
        ("see http://host/ or mail a@b", "see http://host/ or mail a@b"),
    ],
)
def test_a_password_in_a_url_is_taken_out(text: str, shown: str) -> None:
    assert redact(text) == shown

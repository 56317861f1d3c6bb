"""A pattern is pushed only when it surely means the same everywhere."""

from __future__ import annotations

import re

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cutover.validation.portable_regex import portable

PORTABLE = ["^(?:[0-9A-Z]{2})$", "a|b", "^N[0-9]*$", "^.+@.+$", "^[^a-z]?$", r"a\.b", "^(?:a|bc){1,3}$", "[a-]"]


@pytest.mark.parametrize("pattern", PORTABLE)
def test_portable(pattern: str) -> None:
    assert portable(pattern) is not None


@pytest.mark.parametrize(
    "pattern",
    [
        r"\d",
        r"\w+",
        r"\bx",
        "a+?",
        "a++",
        "(?i)a",
        "(?P<n>a)",
        "[[:alpha:]]",
        "[a-z&&[^b]]",
        "[A-z]",
        "[--a]",
        "x{300}",
        "ä",
        "a{,3}",
    ],
)
def test_not_certain(pattern: str) -> None:
    assert portable(pattern) is None


@given(st.sampled_from(PORTABLE), st.text(alphabet="abcNZ09.@|-\n é", max_size=5))
def test_python_judges_as_rust_does(pattern: str, text: str) -> None:
    """Python is what SQLite uses; its `$` also stands before a last line break, and Rust's does not."""
    rust = pl.Series([text]).str.contains(pattern)[0]

    assert (re.search(str(portable(pattern)), text) is not None) == rust

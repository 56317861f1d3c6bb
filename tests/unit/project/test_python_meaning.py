"""The meaning of Python: its tree, without comments, layout and docstrings."""

from __future__ import annotations

import pytest

from cutover.content import digest
from cutover.project.python_meaning import meaning, names_in

ONE = b'''"""A module."""
import polars as pl


def double(x: int) -> int:
    """Twice."""
    return x * 2  # by two
'''


@pytest.mark.parametrize(
    "other",
    [
        ONE.replace(b"A module.", b"Another one."),
        ONE.replace(b"Twice.", b"Two times."),
        ONE.replace(b"  # by two", b""),
        ONE.replace(b"x * 2", b"(x\n        * 2)"),
        ONE.replace(b'    """Twice."""\n', b""),
    ],
)
def test_case_57_comments_layout_and_docstrings_do_not_count(other: bytes) -> None:
    assert other != ONE
    assert meaning(other) == meaning(ONE)


@pytest.mark.parametrize(
    "other",
    [
        ONE.replace(b"x * 2", b"x * 3"),
        ONE.replace(b"x * 2", b"x * 2.0"),
        ONE.replace(b"x * 2", b"x * True"),
        ONE.replace(b"x * 2", b"x * '2'"),
        ONE.replace(b"x * 2", b"x * b'2'"),
        ONE.replace(b"x: int", b"x: int = 1"),
        ONE.replace(b"as pl", b"as p"),
        ONE.replace(b"-> int", b"-> str"),
        ONE.replace(b"    return", b"    'not first'\n    return"),
    ],
)
def test_everything_else_counts(other: bytes) -> None:
    assert meaning(other) != meaning(ONE)


def test_a_text_that_is_no_docstring_counts() -> None:
    assert meaning(b"a = 1\n'x'\n") != meaning(b"a = 1\n'y'\n")


@pytest.mark.parametrize(
    "source", [b"x = '\\ud800'", b"x = 1e400", b"x = 2 ** 5j", b"x = ...", b"def f(*, a, b=1): ..."]
)
def test_any_constant_has_a_digest(source: bytes) -> None:
    assert digest(meaning(source)).startswith("sha256:")


def test_names_of_a_file() -> None:
    assert names_in(b"import a.b, c as d\nfrom e import f\ng = h = 1\nclass I: ...\ndef j(): ...\n") == {
        *("a", "d", "f", "g", "h", "I", "j")
    }


@pytest.mark.parametrize("source", [b"from x import *\n", b"if True:\n    def f(): ...\n"])
def test_names_that_cannot_be_told(source: bytes) -> None:
    assert names_in(source) is None

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from cutover.dataplane.functions import FunctionNotThere, load_functions
from tests.fixtures.mapping import column, mapping


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "migrations").mkdir()
    (tmp_path / "migrations/f.py").write_text(
        "import polars as pl\ndef one(rows: pl.DataFrame) -> pl.Series:\n    return rows['n']\n"
    )
    (tmp_path / "migrations/broken.py").write_text("import nowhere_to_be_found\n")
    return tmp_path


def test_a_function_of_the_project(root: Path) -> None:
    functions = load_functions(root, mapping(column("n", python="f.py:one"), column("m", python="f.py:one")))

    assert functions["f.py:one"](pl.DataFrame({"n": [1]})).to_list() == [1]
    assert not (root / "migrations/__pycache__").exists()


def test_a_changed_file_is_read_anew(root: Path) -> None:
    table = mapping(column("n", python="f.py:one"))
    load_functions(root, table)
    (root / "migrations/f.py").write_text("def one(rows):\n    return rows['n'] * 2\n")

    assert load_functions(root, table)["f.py:one"](pl.DataFrame({"n": [1]})).to_list() == [2]


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("f.py", "function 'f.py' is not understood"),
        ("f.py:two", "file migrations/f.py has no function 'two'"),
        ("g.py:one", "file migrations/g.py is not there"),
        ("../f.py:one", "is not there"),
        ("broken.py:one", "does not import: ModuleNotFoundError: No module named 'nowhere_to_be_found'"),
    ],
)
def test_what_cannot_be_loaded_is_named(root: Path, name: str, says: str) -> None:
    with pytest.raises(FunctionNotThere, match=says):
        load_functions(root, mapping(column("n", python=name)))

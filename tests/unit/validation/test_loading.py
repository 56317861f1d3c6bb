"""A validator is found, imported and compiled, or a sentence says why not."""

from __future__ import annotations

import sys
from pathlib import Path

import polars as pl
import pytest

from cutover.errors import ExitStatus
from cutover.redact import remember
from cutover.validation import ValidatorError, load_contract

GOOD = """\
from __future__ import annotations
import pandera.polars as pa
import polars as pl
from typing import Annotated

class Order(pa.DataFrameModel):
    number: int = pa.Field(ge=1, unique=True)
    amount: Annotated[pl.Decimal, 12, 2] = pa.Field(ge=0)
    customer: str = pa.Field(nullable=True)

    @pa.dataframe_check
    def paid(cls, data):
        return data.lazyframe.select(pl.col("amount") >= pl.col("number"))

    class Config:
        strict = True
        ordered = True
        unique = ["customer", "amount"]
        metadata = {"references": {"customer": "sales.customer.code", ("number", "amount"): ("ledger", "n", "a")}}
"""


def write(root: Path, text: str, name: str = "order.py") -> Path:
    folder = root / "validators"
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text)
    return root


def test_a_model_becomes_a_contract(tmp_path: Path) -> None:
    contract = load_contract(write(tmp_path, GOOD), "order.py:Order")

    assert contract.dtypes == {"number": pl.Int64(), "amount": pl.Decimal(12, 2), "customer": pl.String()}
    assert [rule.id for rule in contract.rules] == [
        "number:not_null",
        "number:greater_than_or_equal_to(1)",
        "amount:not_null",
        "amount:greater_than_or_equal_to(0)",
        "row:paid",
    ]
    assert contract.strict and contract.ordered
    assert contract.unique == (("number",), ("customer", "amount"))


def test_references_of_one_and_of_several_columns(tmp_path: Path) -> None:
    contract = load_contract(write(tmp_path, GOOD), "order.py:Order")

    assert [reference.id for reference in contract.references] == [
        "customer in sales.customer(code)",
        "number, amount in ledger(n, a)",
    ]


def test_a_schema_object_will_do(tmp_path: Path) -> None:
    made = "pa.DataFrameSchema({'n': pa.Column(int)}, metadata={'references': {'n': 't.n'}})"
    text = f"import pandera.polars as pa\nORDER = {made}"

    contract = load_contract(write(tmp_path, text), "order.py:ORDER")

    assert list(contract.dtypes) == ["n"]
    assert contract.references[0].table == "t"


def test_the_file_is_read_anew_each_time(tmp_path: Path) -> None:
    """Two versions of the same length within the same second, which Python's own cache takes for one."""
    load_contract(write(tmp_path, GOOD), "order.py:Order")
    changed = load_contract(write(tmp_path, GOOD.replace("ge=1", "ge=2")), "order.py:Order")

    assert changed.rules[1].id == "number:greater_than_or_equal_to(2)"
    assert not list((tmp_path / "validators").rglob("*.pyc"))


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("order.py", "is not understood"),
        ("order:Order", "is not understood"),
        ("other.py:Order", "file validators/other.py is not there"),
        ("../order.py:Order", "file validators/../order.py is not there"),
        ("order.py:Nobody", "class 'Nobody' is not there"),
        ("order.py:pl", "'pl' is not a DataFrameModel or DataFrameSchema of pandera.polars"),
    ],
)
def test_a_name_that_leads_nowhere(tmp_path: Path, name: str, says: str) -> None:
    write(tmp_path, GOOD)
    (tmp_path / "order.py").write_text(GOOD)

    with pytest.raises(ValidatorError) as wrong:
        load_contract(tmp_path, name)

    assert says in str(wrong.value)
    assert wrong.value.exit_status is ExitStatus.WRONG_INPUT
    assert wrong.value.hint


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("import nowhere_to_be_found", "ModuleNotFoundError: No module named 'nowhere_to_be_found'"),
        ("class Order(:", "SyntaxError: invalid syntax (line 1)"),
        ("raise SystemExit(3)", "SystemExit: 3"),
    ],
)
def test_an_import_that_fails_leaves_nothing_behind(tmp_path: Path, text: str, says: str) -> None:
    before = set(sys.modules)

    with pytest.raises(ValidatorError) as wrong:
        load_contract(write(tmp_path, text), "order.py:Order")

    assert f"file validators/order.py does not import: {says}" in str(wrong.value)
    assert not [name for name in set(sys.modules) - before if name.startswith("_cutover_validator")]


def test_what_the_file_says_is_shown_without_secrets(tmp_path: Path) -> None:
    remember("hunter2-and-more")

    with pytest.raises(ValidatorError) as wrong:
        load_contract(write(tmp_path, "raise ValueError('cannot use hunter2-and-more')"), "order.py:Order")

    assert "hunter2" not in str(wrong.value)


def test_a_model_of_another_library_is_named(tmp_path: Path) -> None:
    text = "class Order:\n    number: int"

    with pytest.raises(ValidatorError, match="is not a DataFrameModel or DataFrameSchema"):
        load_contract(write(tmp_path, text), "order.py:Order")


def test_a_model_whose_type_does_not_work(tmp_path: Path) -> None:
    text = GOOD.replace(
        "Annotated[pl.Decimal, 12, 2] = pa.Field(ge=0)", "pl.Decimal = pa.Field(dtype_kwargs={'scale': 2})"
    )

    with pytest.raises(ValidatorError, match="is not a model that works"):
        load_contract(write(tmp_path, text), "order.py:Order")

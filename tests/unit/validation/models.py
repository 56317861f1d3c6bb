"""Contracts made in a test, without a file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandera.polars as pa

from cutover.validation import Contract
from cutover.validation.compiling import compile_schema


def contract_of(columns: Mapping[str, pa.Column], metadata: Mapping[str, Any] | None = None, **more: Any) -> Contract:
    """The contract of a schema with those columns."""
    return compile_schema(pa.DataFrameSchema(dict(columns), **more), "made.py:Made", metadata or {})

"""
The Python functions that a mapping names: `file.py:function` in the project's `migrations/`.

Loaded once per step, under a private module name, so that a file is never half of an older one. What they
raise is told with file and function; they are somebody else's code.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_file_location
from itertools import count
from pathlib import Path
from threading import Lock
from types import CodeType, ModuleType
from typing import ClassVar

import polars as pl
from polars.exceptions import PanicException

from cutover.errors import StepFailed, WrongInput
from cutover.model.migration import TableMapping
from cutover.redact import redact
from cutover.words import counted

FOLDER = "migrations"

Function = Callable[[pl.DataFrame], pl.Series | pl.Expr]
Functions = Mapping[str, Function]
"""`file.py:function` -> the function."""

_numbers = count(1)
_lock = Lock()


class FunctionNotThere(WrongInput):
    """A mapping names a Python function that cannot be loaded."""

    code: ClassVar[str] = "CUT-331"


class FunctionFailed(StepFailed):
    """A function of the project raised, or returned something that is not a column of its rows."""

    code: ClassVar[str] = "CUT-332"


class _Fresh(SourceFileLoader):
    """Compiles the file as it is now, and leaves no compiled file in the project."""

    def get_code(self, fullname: str) -> CodeType | None:
        return self.source_to_code(self.get_data(self.path), self.path)


def load_functions(project_root: Path, table: TableMapping) -> Functions:
    """Every function that the columns of `table` name. Raises FunctionNotThere."""
    names = dict.fromkeys(column.python for column in table.columns if column.python is not None)
    modules: dict[str, ModuleType] = {}
    found: dict[str, Function] = {}
    for name in names:
        file, colon, attribute = name.partition(":")
        if not colon:
            raise FunctionNotThere(f"function {name!r} is not understood", hint="write file.py:function")
        if file not in modules:
            modules[file] = _import(project_root, file)
        function = getattr(modules[file], attribute, None)
        if not callable(function):
            raise FunctionNotThere(f"file {FOLDER}/{file} has no function {attribute!r}")
        found[name] = function
    return found


def _import(project_root: Path, name: str) -> ModuleType:
    folder = (project_root / FOLDER).resolve()
    file = (folder / name).resolve()
    if not file.is_relative_to(folder) or not file.is_file():
        raise FunctionNotThere(f"file {FOLDER}/{name} is not there")
    with _lock:
        module_name = f"_cutover_migration_{next(_numbers)}_{file.stem}"
        spec = spec_from_file_location(module_name, file, loader=_Fresh(module_name, str(file)))
        assert spec is not None
        assert spec.loader is not None
        module = module_from_spec(spec)
        sys.modules[module_name] = module
        try:
            spec.loader.exec_module(module)
        except (Exception, SystemExit) as broken:  # a project's own code may raise anything
            del sys.modules[module_name]
            raise FunctionNotThere(f"file {FOLDER}/{name} does not import: {_said(broken)}") from broken
        return module


def call(functions: Functions, name: str, needs: pl.DataFrame) -> pl.Series:
    """What the function makes of its needs: one value per row. Raises FunctionFailed."""
    try:
        made = functions[name](needs)
        series = needs.select(made.alias("made")).to_series() if isinstance(made, pl.Expr) else made
    except (Exception, PanicException) as broken:  # as above
        raise FunctionFailed(
            f"function {name!r} failed: {_said(broken)}", hint=f"look into {FOLDER}/{name}"
        ) from broken
    if not isinstance(series, pl.Series):
        raise FunctionFailed(f"function {name!r} returned {type(series).__name__}, not a Series or an expression")
    if series.len() != needs.height:
        raise FunctionFailed(
            f"function {name!r} returned {counted(series.len(), 'value')} for {counted(needs.height, 'row')}"
        )
    return series


def first_failing(functions: Functions, name: str, needs: pl.DataFrame) -> int:
    """The position of the first row that the function, which failed for all of `needs`, does not get over."""
    works, fails = 0, needs.height
    while fails - works > 1:
        middle = (works + fails) // 2
        try:
            call(functions, name, needs.head(middle))
        except FunctionFailed:
            fails = middle
        else:
            works = middle
    return max(fails - 1, 0)


def _said(error: BaseException) -> str:
    text = redact(str(error)).strip()
    return f"{type(error).__name__}: {text.splitlines()[0]}" if text else type(error).__name__

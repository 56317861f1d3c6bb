"""
Finds a validator by its name in a project and compiles it, or says what is wrong with it.

Called at the beginning of a step and by lint. A validator is Python of the project: it is run
under a private module name, read anew each time, and never half-loaded.
"""

from __future__ import annotations

import sys
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_file_location
from itertools import count
from pathlib import Path
from threading import Lock
from types import CodeType, ModuleType
from typing import Any

import pandera.polars as pa
from pandera.errors import SchemaInitError

from cutover.redact import redact
from cutover.validation.compiling import compile_schema
from cutover.validation.contract import Contract, ValidatorError

FOLDER = "validators"

_lock = Lock()
_numbers = count(1)


def load_contract(project_root: Path, name: str) -> Contract:
    """
    The contract of `name`, such as `flight.py:Flight`: a Polars model or schema in `validators/flight.py`.

    Raises ValidatorError: no such file or class, an import that fails, or rules that cannot be kept.
    """
    file_name, colon, class_name = name.partition(":")
    if not colon or not file_name.endswith(".py") or not class_name.isidentifier():
        raise ValidatorError(f"validator {name!r} is not understood", hint="write file.py:Class")
    module = _import(_file(project_root, file_name, name), name)
    return _compile(_found(module, class_name, name), name)


class _Fresh(SourceFileLoader):
    """Compiles the file as it is now: a cached one may be older, and none is left in the project."""

    def get_code(self, fullname: str) -> CodeType | None:
        return self.source_to_code(self.get_data(self.path), self.path)


def _file(project_root: Path, file_name: str, name: str) -> Path:
    folder = (project_root / FOLDER).resolve()
    file = (folder / file_name).resolve()
    if not file.is_relative_to(folder) or not file.is_file():
        there = ", ".join(sorted(found.name for found in folder.glob("*.py"))) or "none"
        raise ValidatorError(
            f"validator {name!r}: file {FOLDER}/{file_name} is not there", hint=f"files there: {there}"
        )
    return file


def _import(file: Path, name: str) -> ModuleType:
    with _lock:  # two steps may load validators at the same time
        module_name = f"_cutover_validator_{next(_numbers)}_{file.stem}"
        loader = _Fresh(module_name, str(file))
        spec = spec_from_file_location(module_name, file, loader=loader)
        assert spec is not None
        module = module_from_spec(spec)
        sys.modules[module_name] = module  # Pandera looks the annotations up there
        try:
            loader.exec_module(module)
        except (Exception, SystemExit) as broken:  # a project's own code may raise anything
            del sys.modules[module_name]
            raise ValidatorError(
                f"validator {name!r}: file {FOLDER}/{file.name} does not import: {_says(broken)}",
                hint=f"try it: python {FOLDER}/{file.name}",
            ) from broken
        return module


def _found(module: ModuleType, class_name: str, name: str) -> Any:
    found = getattr(module, class_name, None)
    if _is_model(found) or isinstance(found, pa.DataFrameSchema):
        return found
    usable = [
        key
        for key, value in vars(module).items()
        if (_is_model(value) and value.__module__ == module.__name__) or isinstance(value, pa.DataFrameSchema)
    ]
    what = "is not there" if found is None else "is not a DataFrameModel or DataFrameSchema of pandera.polars"
    raise ValidatorError(
        f"validator {name!r}: class {class_name!r} {what}", hint=f"usable in that file: {', '.join(usable) or 'none'}"
    )


def _is_model(value: object) -> bool:
    return isinstance(value, type) and issubclass(value, pa.DataFrameModel)


def _compile(found: Any, name: str) -> Contract:
    if isinstance(found, pa.DataFrameSchema):
        return compile_schema(found, name, found.metadata or {})
    try:
        schema = found.to_schema()
    except (SchemaInitError, TypeError, ValueError) as broken:
        raise ValidatorError(f"validator {name!r} is not a model that works: {_says(broken)}") from broken
    # The settings of a model do not travel into its schema.
    return compile_schema(schema, name, getattr(found.__config__, "metadata", None) or {})


def _says(broken: BaseException) -> str:
    where = f" (line {broken.lineno})" if isinstance(broken, SyntaxError) and broken.lineno else ""
    text = broken.msg if isinstance(broken, SyntaxError) else str(broken)
    return f"{type(broken).__name__}: {redact(text)}{where}"

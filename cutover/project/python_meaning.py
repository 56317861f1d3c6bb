"""
What of a Python file counts for its digest: its syntax tree without comments, layout and docstrings.

Not `ast.dump`: that prints the same tree differently from one Python to the next, and a rehearsal may have
run on another machine.
"""

from __future__ import annotations

import ast
import warnings
from typing import Any

_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
#: `u""` is `""`, and a comment about a type is a comment.
_NO_MEANING = {"kind", "type_comment", "type_ignores"}


def parsed(source: bytes) -> ast.Module:
    """The syntax tree. Raises SyntaxError; ValueError for a NUL; RecursionError or MemoryError for absurd nesting."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # an escape like "\d" is the author's matter, and no news here
        return ast.parse(source)


def meaning(source: bytes) -> Any:
    """The tree as plain values for a digest. Raises what `parsed` does."""
    return _plain(parsed(source))


def names_in(source: bytes) -> frozenset[str] | None:
    """The names that the file defines at its top; None when that cannot be said (`from x import *`, branches)."""
    found: set[str] = set()
    for statement in parsed(source).body:
        match statement:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                found.add(statement.name)
            case ast.Import() | ast.ImportFrom():
                found.update(alias.asname or alias.name.partition(".")[0] for alias in statement.names)
            case ast.Assign() | ast.AnnAssign() | ast.Expr():
                found.update(node.id for node in ast.walk(statement) if isinstance(node, ast.Name))
            case _:
                return None
    return None if "*" in found else frozenset(found)


def _plain(node: Any) -> Any:
    match node:
        case ast.Constant():
            # ascii: the digest takes UTF-8 only, and a Python text may hold half a character.
            return ["Constant", type(node.value).__name__, ascii(node.value)]
        case ast.AST():
            fields = {name: _plain(value) for name, value in _fields(node) if value not in (None, [])}
            return [type(node).__name__, fields]
        case list():
            return [_plain(one) for one in node]
        case bool() | None | str():
            return node
        case _:
            return ascii(node)


def _fields(node: ast.AST) -> list[tuple[str, Any]]:
    fields = [(name, value) for name, value in ast.iter_fields(node) if name not in _NO_MEANING]
    if isinstance(node, _DOCUMENTED) and ast.get_docstring(node, clean=False) is not None:
        fields = [(name, value[1:] if name == "body" else value) for name, value in fields]
    return fields

"""
Digests of plain values: one canonical text for one value, on every machine.

Used by the journal's chain, by the semantic digests and by evidence. Numbers that a
JSON reader could change (floats, integers beyond 2^53) are refused: write them as text.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

_EXACT = 2**53


def canonical(value: Any) -> bytes:
    """
    The canonical JSON of a plain value: sorted keys, no blanks, UTF-8.

    Allowed are None, bool, str, int below 2^53, list/tuple and dict with text keys.
    Raises TypeError for anything else, with the path to it.
    """
    _refuse_inexact(value, "$")
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def digest(value: Any) -> str:
    """`sha256:` and the hex digest of the canonical JSON of `value`."""
    return digest_bytes(canonical(value))


def digest_bytes(data: bytes) -> str:
    """`sha256:` and the hex digest of `data`."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


def _refuse_inexact(value: Any, path: str) -> None:
    if value is None or isinstance(value, (bool, str)):
        return
    if isinstance(value, int):
        if abs(value) >= _EXACT:
            raise TypeError(f"{path}: {value} does not survive JSON; write it as text")
        return
    if isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str):
                raise TypeError(f"{path}: key {key!r} is not text")
            _refuse_inexact(item, f"{path}.{key}")
        return
    if isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            _refuse_inexact(item, f"{path}[{index}]")
        return
    raise TypeError(f"{path}: {type(value).__name__} has no canonical form; write it as text")

"""
Names of tables as one text: `table`, `schema.table`, and a part in double quotes where it would be misread.

A database lets a table be called `a.b`, `"` or `(schema)`. Such a part is written as SQL writes it, `"a.b"`;
every other name stands as it is.
"""

from __future__ import annotations

import re

_QUOTED = r'"(?:[^"]|"")*"'
_NAME = re.compile(rf'(?:(?P<schema>{_QUOTED}|[^"][^.]*)\.)?(?P<table>{_QUOTED}|[^".][^.]*)', re.DOTALL)


def parts(name: str) -> tuple[str, str]:
    """Schema (empty when none is said) and table; in a name that fits no rule the last dot parts them."""
    found = _NAME.fullmatch(name)
    if found is None:
        schema, _, table = name.rpartition(".")
        return schema, table
    return _plain(found["schema"] or ""), _plain(found["table"])


def joined(schema: str, table: str) -> str:
    """What `parts` takes apart again; without a schema the table alone."""
    return f"{_spelled(schema)}.{_spelled(table)}" if schema else _spelled(table)


def _spelled(part: str) -> str:
    # in brackets stand the entries of a fingerprint that are no tables
    plain = part and "." not in part and part[0] not in '"('
    return part if plain else '"' + part.replace('"', '""') + '"'


def _plain(part: str) -> str:
    return part[1:-1].replace('""', '"') if part.startswith('"') else part

"""
Secrets as a type, and text with the known secrets taken out.

The loader wraps every credential in `Secret`; whoever writes a log line, a journal
event, an artifact or a message passes it through `redact` first. A driver may repeat a
password in its own message, so the known values themselves are replaced, not patterns only.
"""

from __future__ import annotations

import re
from urllib.parse import quote, quote_plus

MASK = "***"

# scheme://user:password@host — the password part only; users and hosts are not secret.
_URL_PASSWORD = re.compile(r"(?P<head>[a-z][a-z0-9+.\-]*://[^\s:/@]*:)(?P<secret>[^\s]+)(?=@)", re.IGNORECASE)
# password=…, PGPASSWORD=…, "password": "…" as drivers and tools print them.
_KEY_VALUE = re.compile(
    r"(?P<head>(?:password|passwd|pwd|secret|token|api_?key)\"?'?\s*[=:]\s*)(?P<secret>\"[^\"]*\"|'[^']*'|[^\s,;&)}]+)",
    re.IGNORECASE,
)

_known: set[str] = set()


class Secret:
    """A text that never shows itself: `str`, `repr`, f-strings and JSON all give `***`."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value
        remember(value)

    def reveal(self) -> str:
        """The text itself, for the one call that hands it to a driver."""
        return self._value

    def __str__(self) -> str:
        return MASK

    __repr__ = __str__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)


def remember(value: str) -> None:
    """Take `value`, and its URL-quoted spellings, out of every text from now on."""
    # Shorter ones would tear holes into ordinary words; the loader refuses such passwords in URLs anyway.
    if len(value) >= 4:
        _known.update({value, quote(value, safe=""), quote_plus(value)})


def redact(text: str) -> str:
    """`text` without known secrets and without anything that looks like a credential in a URL or key=value."""
    for value in sorted(_known, key=len, reverse=True):
        text = text.replace(value, MASK)
    text = _URL_PASSWORD.sub(rf"\g<head>{MASK}", text)
    return _KEY_VALUE.sub(rf"\g<head>{MASK}", text)

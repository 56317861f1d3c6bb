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

# scheme://user:password@host — the password part only; users and hosts are not secret. Word by word, because one
# expression over the whole text takes minutes on a long word (70,000 letters of a value that somebody quotes).
_WORD = re.compile(r"\S+")
_URL_USER = re.compile(r"://[^:/@]*:")
# password=…, PGPASSWORD=…, "password": "…" as drivers and tools print them.
_KEY_VALUE = re.compile(
    r"(?P<head>(?:password|passwd|pwd|secret|token|api_?key)\"?'?\s*[=:]\s*)(?P<secret>\"[^\"]*\"|'[^']*'|[^\s,;&)}]+)",
    re.IGNORECASE,
)

_known: set[str] = set()


class Secret:
    """
    A text that never shows itself: `str`, `repr`, f-strings and JSON all give `***`.

    It is also taken out of every other text, unless `known` is false: a URL without a password in it may be shown.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str, *, known: bool = True) -> None:
        self._value = value
        if known:
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
    if "://" in text and "@" in text:
        text = _WORD.sub(_without_url_password, text)
    return _KEY_VALUE.sub(rf"\g<head>{MASK}", text)


def _without_url_password(found: re.Match[str]) -> str:
    word = found.group()
    user = _URL_USER.search(word)
    host = word.rfind("@")  # the last one: a password may hold others
    return word if user is None or host <= user.end() else word[: user.end()] + MASK + word[host:]

"""
Database URLs: what is in one, and the whole of one at the moment of use.

Credentials are references (`env:NAME`, `file:PATH`) until somebody connects. What comes out is a
`Secret`, and a password inside it is known to `redact` from then on. Knows no driver.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote

from cutover.errors import WrongInput
from cutover.model.project import DatabaseRef
from cutover.redact import Secret, remember

# As SQLAlchemy reads a URL (a password may hold `/` and `?`), but a password with an unquoted `@` is recognised as a
# whole, so that all of it can be refused and masked.
_URL = re.compile(
    r"(?P<scheme>[A-Za-z][\w+.-]*)://"
    r"(?:(?P<user>[^:/@]*)(?::(?P<password>[^@]*(?:@[^/?@]*)*))?@)?"
    r"(?P<host>[^/?@]*)"
    r"(?:/(?P<path>[^?]*))?"
    r"(?:\?(?P<query>.*))?",
    re.DOTALL,
)
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """A URL taken apart; texts are still quoted. `path` is None when there is no `/` after the host."""

    scheme: str
    user: str | None
    password: str | None
    host: str
    path: str | None
    query: str

    def text(self) -> str:
        """The URL again."""
        user = "" if self.user is None else self.user + ("" if self.password is None else f":{self.password}") + "@"
        path = "" if self.path is None else f"/{self.path}"
        return f"{self.scheme}://{user}{self.host}{path}{f'?{self.query}' if self.query else ''}"


def parts_of(url: str) -> Parts | None:
    """What is in the URL; None when it is none."""
    match = _URL.fullmatch(url)
    if match is None or any(character.isspace() for character in url):
        return None
    return Parts(**{**match.groupdict(), "query": match["query"] or ""})


def is_reference(text: str) -> bool:
    """Whether the text says where a value is (`env:NAME`, `file:PATH`) and is not the value."""
    how, _, where = text.partition(":")
    return (how == "env" and bool(_VARIABLE.fullmatch(where))) or (how == "file" and bool(where.strip()))


def resolve_url(ref: DatabaseRef, root: Path, environ: Mapping[str, str]) -> Secret:
    """
    The whole URL of a database, with its password and with absolute paths.

    Raises WrongInput that names the variable or the file that is missing, empty or unreadable, or says
    that what came from there is no URL; the value itself is never in the message.
    """
    what = f"the url of database {ref.name!r}"
    text = value_of(ref.url, root, environ, what=what) if is_reference(ref.url) else ref.url
    parts = parts_of(text)
    if parts is None:
        remember(text)
        raise WrongInput(
            f"{what} is not understood", hint="write scheme://user@host:port/name, such as postgresql+psycopg://…"
        )
    if parts.password is not None:
        remember(parts.password)
        remember(unquote(parts.password))
    if ref.password is not None:
        parts = _with_password(parts, ref, root, environ)
    return Secret(_absolute(parts, root, ref.name).text(), known=parts.password is not None)


def value_of(reference: str, root: Path, environ: Mapping[str, str], *, what: str) -> str:
    """What `env:NAME` or `file:PATH` refers to, without the line's end; `what` it is for. Raises WrongInput."""
    how, _, where = reference.partition(":")
    if how == "env":
        value = environ.get(where, "")
        if not value:
            state = "empty" if where in environ else "not set"
            raise WrongInput(f"{what}: environment variable {where!r} is {state}", hint=f"set it: export {where}=…")
        return value
    return _first_line(root / where, where, what)


def _first_line(file: Path, where: str, what: str) -> str:
    hint = "its place is relative to the project folder"
    try:
        value = file.read_text(encoding="utf-8").rstrip("\r\n")
    except UnicodeDecodeError:
        raise WrongInput(f"{what}: file {where!r} is not UTF-8") from None
    except OSError as error:
        said = (error.strerror or "it cannot be read").lower()
        raise WrongInput(f"{what}: file {where!r} cannot be read: {said}", hint=hint) from None
    except ValueError:  # a NUL in the name
        raise WrongInput(f"{what}: {where!r} is no name of a file", hint=hint) from None
    if not value:
        raise WrongInput(f"{what}: file {where!r} is empty", hint="write the value into it, in one line")
    if "\n" in value or "\r" in value:
        remember(value)
        raise WrongInput(f"{what}: file {where!r} has more than one line", hint="the value must be all there is in it")
    return value


def _with_password(parts: Parts, ref: DatabaseRef, root: Path, environ: Mapping[str, str]) -> Parts:
    assert ref.password is not None
    what = f"the password of database {ref.name!r}"
    if parts.password is not None:
        raise WrongInput(f"{what} is given twice: in its url and beside it", hint="take it out of the url")
    if not parts.user:
        raise WrongInput(f"{what} has no user: the url names none", hint="write scheme://user@host/name")
    password = value_of(ref.password, root, environ, what=what)
    remember(password)
    return Parts(
        scheme=parts.scheme,
        user=parts.user,
        password=quote(password, safe=""),
        host=parts.host,
        path=parts.path,
        query=parts.query,
    )


def _absolute(parts: Parts, root: Path, name: str) -> Parts:
    """A file database relative to the project folder, at its absolute place; any other URL as it is."""
    if parts.scheme.partition("+")[0] != "sqlite":
        return parts
    path = parts.path or ""
    if path in ("", ":memory:"):
        raise WrongInput(
            f"database {name!r} has no file: a database in memory is empty for every new connection",
            hint="write sqlite:///folder/file.db",
        )
    scheme, path = ("file:", path.removeprefix("file:")) if path.startswith("file:") else ("", path)
    place = str((root / path).absolute())
    if "?" in place:
        raise WrongInput(f"database {name!r}: a '?' in {place!r} would end its url", hint="move the project folder")
    return Parts(scheme=parts.scheme, user=None, password=None, host="", path=scheme + place, query=parts.query)

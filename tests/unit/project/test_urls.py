"""Database URLs: resolved late, quoted rightly, never shown."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import make_url

from cutover.errors import WrongInput
from cutover.model.project import DatabaseRef
from cutover.project.urls import is_reference, parts_of, resolve_url
from cutover.redact import redact

URL = "postgresql+psycopg://cutover@127.0.0.1:5544/new"


def resolved(url: str, password: str | None = None, *, root: Path = Path("/p"), **environ: str) -> str:
    return resolve_url(DatabaseRef(name="new", url=url, password=password), root, environ).reveal()


def refused(url: str, password: str | None = None, *, root: Path = Path("/p"), **environ: str) -> str:
    with pytest.raises(WrongInput) as caught:
        resolved(url, password, root=root, **environ)
    return f"{caught.value} {caught.value.hint}"


def test_a_url_without_password_stays_as_it_is() -> None:
    assert resolved(URL) == URL


def test_the_password_of_a_variable_is_put_in() -> None:
    assert resolved(URL, "env:PW", PW="secret-1") == "postgresql+psycopg://cutover:secret-1@127.0.0.1:5544/new"


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_any_password_arrives_at_the_driver_as_it_is(password: str) -> None:
    made = make_url(resolved(URL, "env:PW", PW=password))

    assert made.password == password
    assert (made.username, made.host, made.port, made.database) == ("cutover", "127.0.0.1", 5544, "new")


def test_the_whole_url_may_come_from_a_variable() -> None:
    assert resolved("env:URL", URL="postgresql://u:p%40ss@h/d") == "postgresql://u:p%40ss@h/d"


def test_a_file_gives_its_one_line(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("from-file-9\n")

    assert (
        resolved(URL, "file:password", root=tmp_path) == "postgresql+psycopg://cutover:from-file-9@127.0.0.1:5544/new"
    )


def test_case_58_what_was_resolved_is_taken_out_of_every_text() -> None:
    resolved(URL, "env:PW", PW="canary/7f 3a91")
    resolved("env:URL", URL="postgresql://u:canary%2Furl@h/d")

    assert redact("driver says canary/7f 3a91, canary%2F7f%203a91, canary/url") == "driver says ***, ***, ***"


@pytest.mark.parametrize(
    ("url", "environ", "said"),
    [
        ("env:NEW_URL", {}, "the url of database 'new': environment variable 'NEW_URL' is not set"),
        ("env:NEW_URL", {"NEW_URL": ""}, "environment variable 'NEW_URL' is empty"),
        ("env:NEW_URL", {"NEW_URL": "canary no url"}, "the url of database 'new' is not understood"),
        ("file:gone", {}, "the url of database 'new': file 'gone' cannot be read: no such file or directory"),
    ],
)
def test_what_is_missing_is_named(url: str, environ: dict[str, str], said: str) -> None:
    told = refused(url, **environ)

    assert said in told
    assert "canary" not in told


def test_a_missing_password_names_its_variable() -> None:
    assert "the password of database 'new': environment variable 'PW' is not set" in refused(URL, "env:PW")


@pytest.mark.parametrize(
    ("content", "said"), [(b"", "is empty"), (b"\n", "is empty"), (b"a\nb\n", "more than one line"), (b"\xff", "UTF-8")]
)
def test_a_file_that_holds_no_single_line(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "password").write_bytes(content)

    assert said in refused(URL, "file:password", root=tmp_path)


def test_a_folder_is_no_password(tmp_path: Path) -> None:
    assert "file '.' cannot be read" in refused(URL, "file:.", root=tmp_path)


def test_a_password_given_twice_is_refused() -> None:
    told = refused("env:URL", "env:PW", URL="postgresql://u:canary-1@h/d", PW="canary-2")

    assert "given twice" in told and "canary" not in told


def test_a_password_needs_a_user() -> None:
    assert "the url names none" in refused("postgresql://h/d", "env:PW", PW="x")


@pytest.mark.parametrize(
    ("url", "made"),
    [
        ("sqlite:///dev/old.db", "sqlite:////p/dev/old.db"),
        ("sqlite:////abs/old.db", "sqlite:////abs/old.db"),
        ("sqlite:///dev/old.db?mode=ro", "sqlite:////p/dev/old.db?mode=ro"),
        ("sqlite:///file:dev/old.db?mode=ro&uri=true", "sqlite:///file:/p/dev/old.db?mode=ro&uri=true"),
        ("sqlite+pysqlite:///old.db", "sqlite+pysqlite:////p/old.db"),
    ],
)
def test_files_of_sqlite_are_relative_to_the_project_folder(url: str, made: str) -> None:
    assert resolved(url) == made


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///", "sqlite:///:memory:"])
def test_a_database_in_memory_is_refused(url: str) -> None:
    assert "has no file" in refused(url)


def test_a_folder_whose_name_would_end_the_url_is_refused() -> None:
    assert "'?'" in refused("sqlite:///old.db", root=Path("/what?"))


@pytest.mark.parametrize("text", ["env:NAME", "file:some/where", "file:/abs"])
def test_references(text: str) -> None:
    assert is_reference(text)


@pytest.mark.parametrize("text", ["env:", "env:NO-NAME", "file:", "file: ", "secret", "sqlite:///x"])
def test_no_references(text: str) -> None:
    assert not is_reference(text)


@settings(deadline=None)
@given(
    st.from_regex(
        r"[a-z+]{1,9}://([a-z]{1,5}(:[a-z@%0-9/?]{1,9})?@)?[a-z.]{0,9}(:[0-9]{1,4})?(/[a-z/]{0,9})?", fullmatch=True
    )
)
def test_taking_a_url_apart_loses_nothing(url: str) -> None:
    parts = parts_of(url)

    assert parts is None or parts.text() == url


@settings(deadline=None)
@given(st.text("abc:/?#%&", min_size=1, max_size=12))
def test_a_password_that_the_driver_would_see_is_seen_here(password: str) -> None:
    """Whatever SQLAlchemy takes for a password in a URL, the loader finds and refuses."""
    url = f"postgresql://user:{password}@host/name"
    parts = parts_of(url)

    assert make_url(url).password == unquote(password)
    assert parts is not None and parts.password == password

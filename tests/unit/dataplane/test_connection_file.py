"""The application's connection file: read strictly, changed in one place, replaced with all that belongs to it."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cutover.dataplane import connection_file
from cutover.dataplane.connection_file import CannotReplace, ChangedMeanwhile, ConnectionFile, NotAConnectionFile

FILE = Path("application.json")
NOBODY = 65534


def parsed(text: str) -> ConnectionFile:
    return connection_file.parse(text.encode(), FILE)


def replace(file: Path, becomes: str, *, was: ConnectionFile | None = None) -> None:
    connection_file.replace(
        file, was or connection_file.read(file), parsed(becomes), mark="dev-1-switch", written=lambda: None
    )


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "application.json"
    file.write_text('{"default": "old"}\n')
    return file


# what it says


def test_a_wave_without_an_entry_uses_the_default() -> None:
    found = parsed('{"default": "old", "waves": {"de": "new"}}')

    assert (found.uses(), found.uses("de"), found.uses("fr")) == ("old", "new", "old")
    assert (found.said("de"), found.said("fr")) == ("new", None)


WRONG = [
    ("", ":1: connection file is not JSON"),
    ('{"default": "old"\n', ":2: connection file is not JSON"),
    ("[]", "it is not an object"),
    ("{}", "'default' is missing"),
    ('{"default": 5}', "'default' is not the name of a database"),
    ('{"default": null}', "'default' is not the name of a database"),
    ('{"default": ""}', "'default' is not the name of a database"),
    (r'{"default": "\ud800"}', "'default' is not the name of a database"),
    ('{"default": "old", "default": "new"}', "'default' is there twice"),
    ('{"default": "old", "waves": {"de": "new", "de": "old"}}', "'de' is there twice"),
    ('{"default": "old", "waves": ["de"]}', "'waves' is not an object"),
    ('{"default": "old", "waves": {"de": 1}}', "'de' in 'waves' is not the name of a database"),
    ('{"default": "old", "deep": ' + "[" * 100_000 + "]" * 100_000 + "}", "nested too deeply"),
]


@pytest.mark.parametrize(("text", "says"), WRONG, ids=[says for _, says in WRONG])
def test_what_it_does_not_understand_it_refuses(text: str, says: str) -> None:
    with pytest.raises(NotAConnectionFile, match=says):
        parsed(text)


def test_bytes_that_are_no_text_are_refused() -> None:
    with pytest.raises(NotAConnectionFile, match="is not UTF-8: byte 14"):
        connection_file.parse(b'{"default": "\xff"}', FILE)


def test_a_missing_file_is_refused_and_not_made(tmp_path: Path) -> None:
    with pytest.raises(NotAConnectionFile, match="is not there") as told:
        connection_file.read(tmp_path / "application.json")

    assert told.value.hint.startswith('write {"default": "NAME"} to it')
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo, lambda path: path.symlink_to(path)])
def test_what_is_no_file_is_refused_and_not_waited_for(make: object, tmp_path: Path) -> None:
    make(tmp_path / "application.json")  # type: ignore[operator]

    with pytest.raises(NotAConnectionFile):
        connection_file.read(tmp_path / "application.json")


# how it changes

POINTED = [
    ('{"default": "old"}\n', None, '{"default": "new"}\n'),
    ('{"default": "old"}\n', "de", '{"default": "old", "waves": {"de": "new"}}\n'),
    ('{"default":"old","waves":{}}', "de", '{"default":"old","waves":{"de": "new"}}'),
    ('{"default": "old", "waves": {"de": "new"}}', "fr", '{"default": "old", "waves": {"de": "new", "fr": "new"}}'),
    ('{"default": "old", "waves": {"de": "old"}}', "de", '{"default": "old", "waves": {"de": "new"}}'),
    (
        '\ufeff{"pool": 1.10, "default" : "old", "big": 1e400}',
        None,
        '\ufeff{"pool": 1.10, "default" : "new", "big": 1e400}',
    ),
    ('{\r\n\t"default": "old"\r\n}', "de", '{\r\n\t"default": "old",\r\n\t"waves": {"de": "new"}\r\n}'),
    (r'{"default": "\u006fld", "x": "\u00e9"}', None, r'{"default": "new", "x": "\u00e9"}'),
]


@pytest.mark.parametrize(("before", "wave", "after"), POINTED)
def test_one_name_changes_and_comes_back(before: str, wave: str | None, after: str) -> None:
    found = parsed(before)
    pointed = found.pointing_at("new", wave)

    assert pointed.text == after
    assert parsed(after).uses(wave) == "new"
    assert pointed.with_entry(found.entry(wave), wave).text == before


@given(waves=st.lists(st.text(min_size=1), unique=True, max_size=6), there=st.booleans())
def test_waves_that_come_back_in_reverse_leave_no_trace(waves: list[str], there: bool) -> None:
    states = [parsed('{"default": "old", "waves": {}, "x": 1}' if there else '{"default": "old", "x": 1}')]
    for wave in waves:
        states.append(states[-1].pointing_at("new", wave))
    now = states[-1]

    assert [parsed(now.text).uses(wave) for wave in waves] == ["new"] * len(waves)
    for wave, before in zip(reversed(waves), reversed(states[:-1]), strict=True):
        now = now.with_entry(before.entry(wave), wave)
        assert now.text == before.text


def test_only_the_own_entry_is_taken_back() -> None:
    before = parsed('{"default": "old"}')
    theirs = parsed('{"pool": 5, "default": "old", "waves": {"de": "new", "it": "other"}}')

    assert theirs.with_entry(before.entry("de"), "de").text == '{"pool": 5, "default": "old", "waves": {"it": "other"}}'


# how it is replaced


def test_rights_and_owner_stay(file: Path) -> None:
    file.chmod(0o640)
    if os.geteuid() == 0:
        os.chown(file, 1234, 4321)
    before = file.stat()

    replace(file, '{"default": "new"}')

    after = file.stat()
    assert stat.S_IMODE(after.st_mode) == 0o640
    assert (after.st_uid, after.st_gid) == (before.st_uid, before.st_gid)
    assert after.st_ino != before.st_ino
    assert list(file.parent.iterdir()) == [file]


def test_attributes_stay(file: Path) -> None:
    """Access control lists live there."""
    try:
        os.setxattr(file, "user.kept", b"yes")
    except OSError as error:
        pytest.skip(f"this file system keeps no attributes: {error.strerror}")

    replace(file, '{"default": "new"}')

    assert os.getxattr(file, "user.kept") == b"yes"


def test_a_link_stays_a_link(file: Path, tmp_path: Path) -> None:
    link = tmp_path / "current" / "link.json"
    link.parent.mkdir()
    link.symlink_to("../application.json")

    connection_file.check_replace(link)
    replace(link, '{"default": "new"}')

    assert link.is_symlink()
    assert file.read_text() == '{"default": "new"}'
    assert list(link.parent.iterdir()) == [link]


def test_what_somebody_wrote_meanwhile_is_not_lost(file: Path) -> None:
    was = connection_file.read(file)
    file.write_text('{"default": "other"}')

    with pytest.raises(ChangedMeanwhile):
        replace(file, '{"default": "new"}', was=was)

    assert file.read_text() == '{"default": "other"}'
    assert list(file.parent.iterdir()) == [file]


def test_a_file_with_two_names_is_refused(file: Path, tmp_path: Path) -> None:
    (tmp_path / "other.json").hardlink_to(file)

    with pytest.raises(CannotReplace, match="it has 2 names"):
        connection_file.check_replace(file)


@pytest.mark.parametrize(
    ("file_mode", "folder_mode", "owner", "says"),
    [
        (0o000, 0o755, NOBODY, "cannot be read: Permission denied"),
        (0o644, 0o555, NOBODY, "may not write to folder"),
        (0o644, 0o777, 0, "belongs to another user or group"),
    ],
    ids=["unreadable file", "closed folder", "somebody else's file"],
)
def test_what_the_user_may_not_do_is_known_before(file_mode: int, folder_mode: int, owner: int, says: str) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can become somebody without rights")
    with tempfile.TemporaryDirectory() as place:  # not below tmp_path: nobody else comes in there
        folder = Path(place) / "app"
        folder.mkdir()
        file = folder / "application.json"
        file.write_text('{"default": "old"}')
        os.chown(file, owner, owner)
        file.chmod(file_mode)
        os.chown(folder, NOBODY, NOBODY)
        folder.chmod(folder_mode)
        Path(place).chmod(0o755)

        assert says in _as_nobody(file)


def _as_nobody(file: Path) -> str:
    """Read the file and check it as a user without rights, and return what was said."""
    code = f"""
import os, sys
from pathlib import Path
from cutover.dataplane import connection_file
os.setgroups([]); os.setgid({NOBODY}); os.setuid({NOBODY})
connection_file.read(Path(sys.argv[1]))
connection_file.check_replace(Path(sys.argv[1]))
"""
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", code, str(file)]
    return subprocess.run(command, env=environ, capture_output=True, text=True, check=False, timeout=60).stderr

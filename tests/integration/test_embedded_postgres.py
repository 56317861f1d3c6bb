"""The embedded PostgreSQL as the demonstration uses it: starts, is found again, stops, keeps its data."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from demo import embedded
from tests.fixtures.postgres import Server


@pytest.fixture
def folder(postgres: Server) -> Iterator[Path]:
    """A folder that the server's account can come to; `postgres` is asked for so that missing binaries skip."""
    made = Path(tempfile.mkdtemp(prefix="cutover-test-own-"))
    made.chmod(0o755)
    yield made
    embedded.stop(made)
    shutil.rmtree(made)


def test_a_running_server_is_found_again(folder: Path) -> None:
    first = embedded.start(folder, password="one", settings=embedded.THROWAWAY)

    assert embedded.start(folder, password="one") == first


def test_data_survives_stop_and_start(folder: Path) -> None:
    embedded.start(folder, password="one", settings=embedded.THROWAWAY).create("kept")

    assert embedded.stop(folder)
    assert embedded.start(folder, password="one", settings=embedded.THROWAWAY).databases() == ("kept",)


def test_stopping_what_does_not_run_says_so(folder: Path) -> None:
    assert not embedded.stop(folder)


def test_the_password_is_asked_for_and_left_in_no_file(folder: Path) -> None:
    server = embedded.start(folder, password="a secret/with @ signs", settings=embedded.THROWAWAY)
    wrong = embedded.Server(bin=server.bin, data=server.data, port=server.port, password="wrong")

    with pytest.raises(psycopg.OperationalError, match="password"):
        wrong.connect("postgres")
    server.connect("postgres").close()
    assert not (folder / "initial-password").exists()


def test_clone_copies_rows(postgres: Server) -> None:
    with psycopg.connect(postgres.create("cloned_from").replace("+psycopg", "")) as connection:
        connection.execute("CREATE TABLE t AS SELECT 1 AS a")
    postgres.clone("cloned_from", "cloned_to")

    with postgres.connect("cloned_to") as connection:
        assert connection.execute("SELECT a FROM t").fetchone() == (1,)
    postgres.drop("cloned_to")
    postgres.drop("cloned_from")

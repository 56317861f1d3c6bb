"""The project's own Prefect server: one, found again, independent of whoever started it."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from cutover.flow import server

pytestmark = [pytest.mark.prefect, pytest.mark.xdist_group("prefect")]

REPOSITORY = Path(__file__).parents[2]
ENSURE = "import sys; from pathlib import Path; from cutover.flow import server; "
ENSURE += "print(server.ensure_server(Path(sys.argv[1]), 0), flush=True)"


def ensure_in_process(state: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", ENSURE, str(state)], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True
    )


def pid_of(state: Path) -> int:
    return int((server.home_of(state) / "server.pid").read_text())


def test_two_callers_at_once_start_one_server(prefect_states: Callable[[], Path]) -> None:
    state = prefect_states()
    callers = [ensure_in_process(state) for _ in range(2)]
    first, second = (caller.communicate(timeout=120)[0] for caller in callers)
    assert first == second == f"{server.server_url(state)}\n"
    log = (server.home_of(state) / "server.log").read_text()
    assert log.count("Check out the dashboard") <= 1


def test_the_server_outlives_a_starter_that_is_killed(prefect_states: Callable[[], Path]) -> None:
    """Killed while the server was still coming up: it comes up nevertheless, and the next caller finds it."""
    state = prefect_states()
    starter = ensure_in_process(state)
    while not (pid_file := server.home_of(state) / "server.pid").exists() or not pid_file.read_text():
        time.sleep(0.02)
    starter.kill()
    starter.communicate()
    pid = pid_of(state)
    url = server.ensure_server(state, 0)
    assert pid_of(state) == pid
    assert server.ensure_server(state, 0) == url


def test_a_killed_server_is_started_again_on_its_port(prefect_states: Callable[[], Path]) -> None:
    state = prefect_states()
    url, pid = server.ensure_server(state, 0), pid_of(state)
    os.kill(pid, signal.SIGKILL)
    while server.server_url(state):
        time.sleep(0.02)
    assert server.ensure_server(state, 0) == url
    assert pid_of(state) != pid


def test_somebody_elses_port_is_passed_over(prefect_states: Callable[[], Path]) -> None:
    state = prefect_states()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        url = server.ensure_server(state, port)
    assert not url.startswith(f"http://127.0.0.1:{port}/")
    assert server.server_url(state) == url


def test_a_port_that_answers_is_not_taken_for_our_server(prefect_states: Callable[[], Path]) -> None:
    """Two projects with the same port in cutover.yaml: each gets a server of its own."""
    one, other = prefect_states(), prefect_states()
    first = server.ensure_server(one, 0)
    port = int(first.removesuffix("/api").rpartition(":")[2])
    assert server.ensure_server(other, port) != first


def test_stopping_says_whether_there_was_one(prefect_states: Callable[[], Path]) -> None:
    state = prefect_states()
    assert server.stop_server(state) is False
    assert server.open_ui(state, 0).endswith("/runs")
    assert server.stop_server(state) is True
    assert server.server_url(state) is None


def test_the_server_ends_when_its_folder_is_removed(prefect_states: Callable[[], Path]) -> None:
    state = prefect_states()
    server.ensure_server(state, 0)
    pid = pid_of(state)
    shutil.rmtree(state)
    deadline = time.monotonic() + 60
    while _runs(pid) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not _runs(pid)


def test_looking_for_a_server_starts_nothing(tmp_path: Path) -> None:
    assert server.server_url(tmp_path) is None
    assert server.stop_server(tmp_path) is False
    assert list(tmp_path.iterdir()) == []


def _runs(pid: int) -> bool:
    try:
        return bool(Path(f"/proc/{pid}/cmdline").read_bytes())  # empty: ended, and nobody has taken note yet
    except FileNotFoundError:
        return False


def test_an_idle_server_is_idle(prefect_states: Callable[[], Path]) -> None:
    """Measured by the kernel: less than half a core over two seconds. A recorder that spins takes a whole one."""
    state = prefect_states()
    server.ensure_server(state, 0)

    def spent() -> float:
        fields = Path(f"/proc/{pid_of(state)}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    time.sleep(3)  # it has just started, and settles
    before, began = spent(), time.monotonic()
    time.sleep(2)

    assert (spent() - before) / (time.monotonic() - began) < 0.5

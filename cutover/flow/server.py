"""
The project's own Prefect server: started once, found again, independent of the process that started it.

Called by `execute` before an attempt and by `cutover ui`; knows nothing of runs, and never imports Prefect.
Whether a server of this project lives is asked of the kernel: the server's process holds a lock on
`.cutover/prefect/server.alive` from its first moment to its last, however it ends. A process id in a file could
belong to somebody else by now, and a port that answers could too.
"""

from __future__ import annotations

import fcntl
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import ClassVar
from urllib.parse import urlsplit

from cutover.errors import CutoverError, ExitStatus
from cutover.flow.settings import server_environment
from cutover.redact import redact

_HOST = "127.0.0.1"
_HOST_SCRIPT = Path(__file__).with_name("host.py")
_LOOK_EVERY = 0.1  # seconds
_LAUNCH = '"$@" &'  # the shell ends at once, and the server is nobody's child: it cannot become our zombie


class PrefectUnavailable(CutoverError):
    """The project's Prefect server cannot be started, reached or stopped; nothing of the run has begun."""

    code: ClassVar[str] = "CUT-160"
    exit_status: ClassVar[ExitStatus] = ExitStatus.WRONG_INPUT


def ensure_server(state: Path, port: int, *, timeout: float = 120.0) -> str:
    """
    The URL of the API of this project's server, started when it does not run yet (5 s; 10–20 s the very first time).

    `state` is the project's `.cutover`, `port` a wish (0: any): a running server keeps its own; if taken,
    another one is found.
    PrefectUnavailable when it does not answer within `timeout` seconds, with the end of its log.
    """
    if url := server_url(state):
        return url
    home = home_of(state)
    home.mkdir(parents=True, exist_ok=True)
    deadline = time.monotonic() + timeout
    with _start_lock(home):
        if _lives(home):  # started by somebody who was killed before it answered, or too busy to answer just now
            return _wait_until_it_answers(home, deadline)
        for candidate in _ports(home, port):
            _launch(home, candidate)
            with suppress(_PortTaken):
                return _wait_until_it_answers(home, deadline)
    raise PrefectUnavailable(f"no port is free for the prefect server (tried {port} and another)", hint=_log_hint(home))


def server_url(state: Path) -> str | None:
    """The API of this project's server when it runs and answers, else None. Starts nothing."""
    home = home_of(state)
    port = _recorded_port(home)
    if port is None or not _lives(home) or not answers(_api(port)):
        return None
    return _api(port)


def stop_server(state: Path) -> bool:
    """Stop this project's server, first asking, after 20 s by force; False when none was running."""
    home = home_of(state)
    if not _lives(home):
        return False
    with _start_lock(home):
        for number in (signal.SIGTERM, signal.SIGKILL):
            _signal(home, number)
            if _is_gone(home, within=20.0):
                return True
    raise PrefectUnavailable("the prefect server does not stop", hint=f"end process {_pid(home)} yourself")


def open_ui(state: Path, port: int) -> str:
    """The address of the server's page with the flow runs, for a browser; starts the server when it does not run."""
    return page(ensure_server(state, port)) + "/runs"


def page(url: str) -> str:
    """The root of the server's pages, of its API's URL."""
    return url.removesuffix("/api")


def home_of(state: Path) -> Path:
    """Where the server keeps everything: database, log, locks, pages."""
    return state / "prefect"


def answers(url: str) -> bool:
    """Whether an API at this URL says within two seconds that it is well."""
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or _HOST, parts.port, timeout=2)  # not through a proxy
    try:
        connection.request("GET", f"{parts.path}/health")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


class _PortTaken(Exception):
    """Somebody else took the port between our look and the server's."""


def _launch(home: Path, port: int) -> None:
    (home / "server.json").write_text(json.dumps({"port": port}), encoding="utf-8")
    with (home / "server.alive").open("a") as alive, (home / "server.log").open("ab") as log:
        _take(alive.fileno())
        (home / "server.pid").unlink(missing_ok=True)  # the server writes its own; an old one could be anybody's
        subprocess.run(
            # -P: the folder of the script must not be searched for modules
            ["/bin/sh", "-c", _LAUNCH, "sh", sys.executable, "-P", str(_HOST_SCRIPT), str(home / "server.pid")],
            env=server_environment(home, port, os.environ),
            cwd=home,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=(alive.fileno(),),  # the server keeps the lock for as long as it lives
            start_new_session=True,  # Ctrl-C and a closed terminal are not meant for the server
            check=True,
        )


def _take(descriptor: int) -> None:
    for _ in range(50):  # `_lives` of another process may hold it for the blink of an eye
        with suppress(BlockingIOError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        time.sleep(0.02)
    raise PrefectUnavailable("another prefect server of this project is being started", hint="try again")


def _wait_until_it_answers(home: Path, deadline: float) -> str:
    port = _recorded_port(home)
    while time.monotonic() < deadline:
        if port is not None and answers(_api(port)):
            return _api(port)
        if not _lives(home):
            said = _end_of_log(home)
            if "already in use" in said:
                raise _PortTaken
            raise PrefectUnavailable(f"the prefect server ended while it started: {said}", hint=_log_hint(home))
        time.sleep(_LOOK_EVERY)
    raise PrefectUnavailable(
        f"the prefect server of {str(home)!r} runs but does not answer on port {port}",
        hint="`cutover ui --stop`, then again; " + _log_hint(home),
    )


def _lives(home: Path) -> bool:
    try:
        with (home / "server.alive").open("a") as alive:
            fcntl.flock(alive, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


@contextmanager
def _start_lock(home: Path) -> Iterator[None]:
    with (home / "server.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # given back by the kernel, even after kill -9
        yield


def _ports(home: Path, wished: int) -> Iterator[int]:
    recorded = _recorded_port(home)
    for port in dict.fromkeys((recorded or wished, wished)):
        if port and _is_free(port):
            yield port
    with socket.socket() as probe:
        probe.bind((_HOST, 0))
        port = probe.getsockname()[1]
    yield port


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((_HOST, port))
        except OSError:
            return False
    return True


def _recorded_port(home: Path) -> int | None:
    with suppress(FileNotFoundError, ValueError, KeyError):
        return int(json.loads((home / "server.json").read_text(encoding="utf-8"))["port"])
    return None


def _is_gone(home: Path, *, within: float) -> bool:
    deadline = time.monotonic() + within
    while _lives(home):
        if time.monotonic() > deadline:
            return False
        time.sleep(_LOOK_EVERY)
    return True


def _pid(home: Path) -> int | None:
    with suppress(FileNotFoundError, ValueError):
        return int((home / "server.pid").read_text(encoding="utf-8"))
    return None


def _signal(home: Path, number: int) -> None:
    pid = _pid(home)  # its holder lives, or the lock would be free: the number cannot be somebody else's
    if pid is not None:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def _api(port: int) -> str:
    return f"http://{_HOST}:{port}/api"


def _end_of_log(home: Path) -> str:
    """The last three lines, in one."""
    with suppress(FileNotFoundError):
        text = (home / "server.log").read_text(encoding="utf-8", errors="replace").replace("Server stopped!", "")
        said = [line.strip() for line in text.splitlines() if line.strip()]
        return redact(" ".join(said[-3:])[-300:])
    return ""


def _log_hint(home: Path) -> str:
    return f"read {str(home / 'server.log')!r}"

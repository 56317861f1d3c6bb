"""
The settings that Prefect gets from us, for the server's process and for the client's (this one).

Prefect reads its environment when it is imported, so the client's settings must be in place before. The figures
behind the numbers stand in `docs/prefect.md`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, MutableMapping
from pathlib import Path

#: For the server. With the default batch sizes of one, a server stopped after a run loses most of its task runs.
_TUNED: Mapping[str, str] = {
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE": "100",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_READ_BATCH_SIZE": "100",
    # Whole seconds: Prefect 3.9 cuts the fraction off, and a zero makes its recorder turn on one core for ever.
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_FLUSH_INTERVAL": "1",
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_BATCH_SIZE": "200",
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_READ_BATCH_SIZE": "100",
    "PREFECT_SERVER_SERVICES_TRIGGERS_READ_BATCH_SIZE": "100",
    "PREFECT_SERVER_EVENTS_RETENTION_PERIOD": "P400D",  # the default of 7 days is shorter than a project
    "PREFECT_SERVER_UI_V2_ENABLED": "false",  # version 2 of the pages asks a host outside, version 1 does not
    "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
}

#: What the server may inherit. It outlives this process, so it must not carry the passwords of this one.
_INHERITED = frozenset({"PATH", "HOME", "USER", "LOGNAME", "LANG", "TZ", "TMPDIR", "LD_LIBRARY_PATH", "VIRTUAL_ENV"})
_INHERITED_PREFIXES = ("LC_", "PYTHON", "PREFECT_SERVER_", "COVERAGE_")


def server_environment(home: Path, port: int, environ: Mapping[str, str]) -> dict[str, str]:
    """
    The environment of the server's process; `home` is its folder.

    `PREFECT_SERVER_…` variables of `environ` win over our tuning (a PostgreSQL behind the server, a password before
    it), but not over what makes the server the one of this project: address, folder, no telemetry.
    """
    inherited = {
        name: value for name, value in environ.items() if name in _INHERITED or name.startswith(_INHERITED_PREFIXES)
    }
    return {
        **_TUNED,
        **inherited,
        "DO_NOT_TRACK": "1",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_HOME": str(home),
        "PREFECT_SERVER_API_HOST": "127.0.0.1",
        "PREFECT_SERVER_API_PORT": str(port),  # not `--port`: the pages take the address of their API from here
        "PREFECT_SERVER_UI_STATIC_DIRECTORY": str(home / "ui"),  # else it writes into site-packages
    }


def client_environment(url: str, home: Path) -> dict[str, str]:
    """What this process must have in its environment before Prefect is imported; `url` is the API's."""
    return {
        "DO_NOT_TRACK": "1",
        "PREFECT_API_URL": url,
        "PREFECT_HOME": str(home),
        "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "false",  # a temporary server loses what it has not written yet
        "PREFECT_CLIENT_MAX_RETRIES": "1",  # five, the default, makes every call wait 76 s when the server is gone
        "PREFECT_LOGGING_TO_API_BATCH_INTERVAL": "0.2",  # what kill -9 may lose of the log lines
        "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",
        "PREFECT_LOGGING_EXTRA_LOGGERS": "cutover",
        "PREFECT_LOGGING_COLORS": "false",
        "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL",  # the terminal belongs to the command line's own screen
        "PREFECT_LOGGING_HANDLERS_DEBUG_LEVEL": "CRITICAL",
    }


def prepare_client(url: str, home: Path) -> None:
    """Put the client's settings into this process's environment; too late for a Prefect that is imported already."""
    go_around_proxies(os.environ)
    if "prefect" not in sys.modules:
        os.environ.update(client_environment(url, home))


def go_around_proxies(environ: MutableMapping[str, str]) -> None:
    """Except this machine from the proxies in `environ`: Prefect's client would send what is ours through them."""
    for name in ("NO_PROXY", "no_proxy"):
        known = [part.strip() for part in environ.get(name, "").split(",") if part.strip()]
        if "*" not in known:
            environ[name] = ",".join([*known, *(host for host in ("127.0.0.1", "localhost") if host not in known)])

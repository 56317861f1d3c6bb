"""What the server's and the client's processes get in their environment."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from cutover.flow import settings

HOME = Path("/project/.cutover/prefect")


def test_the_server_inherits_no_passwords() -> None:
    environ = settings.server_environment(HOME, 4280, {"PATH": "/bin", "DEMO_PASSWORD": "x", "PREFECT_API_KEY": "y"})
    assert environ["PATH"] == "/bin"
    assert not {"DEMO_PASSWORD", "PREFECT_API_KEY"} & set(environ)


def test_the_operators_server_settings_win_over_our_tuning() -> None:
    name = "PREFECT_SERVER_EVENTS_RETENTION_PERIOD"
    assert settings.server_environment(HOME, 4280, {name: "P30D"})[name] == "P30D"


@pytest.mark.parametrize("name", ["PREFECT_SERVER_API_PORT", "PREFECT_SERVER_API_HOST", "PREFECT_HOME"])
def test_what_makes_it_this_projects_server_cannot_be_overridden(name: str) -> None:
    assert settings.server_environment(HOME, 4280, {name: "other"})[name] != "other"


def test_the_client_goes_around_proxies() -> None:
    environ = {"NO_PROXY": "intranet, localhost", "no_proxy": "*"}
    settings.go_around_proxies(environ)
    assert environ == {"NO_PROXY": "intranet,localhost,127.0.0.1", "no_proxy": "*"}


@pytest.mark.parametrize("module", ["server", "settings", "execute", "entry", "leaving"])
def test_prefect_is_imported_late(module: str) -> None:
    """It takes more than a second, and `cutover ui --stop` or `prefect: off` need none of it."""
    program = f"import sys, cutover.flow.{module}; sys.exit('prefect' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_intervals_of_the_server_are_whole_seconds() -> None:
    """Prefect cuts fractions off: 0.5 became 0, and the server turned on one core for ever."""
    environ = settings.server_environment(HOME, 4280, {})
    intervals = {name: value for name, value in environ.items() if name.endswith("_INTERVAL")}
    assert intervals
    assert [name for name, value in intervals.items() if int(value) < 1] == []

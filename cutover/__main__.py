"""The `cutover` command: wires the command line to the flows, which it may not import itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cutover.cli.main import run
from cutover.flow.leaving import bounded_exit

if TYPE_CHECKING:
    from cutover.cli.options import Server


def prefect_server() -> Server:
    """The module that manages the project's Prefect server; imported only when a command needs it."""
    from cutover.flow import server

    return server


def main() -> None:
    """Run the command line and exit with its status, without waiting long for Prefect's telemetry."""
    bounded_exit(run(server=prefect_server))


if __name__ == "__main__":
    main()

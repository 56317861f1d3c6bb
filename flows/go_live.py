"""
Go live: `cutover go-live` and `cutover resume` call `main`, Prefect serves or deploys `go_live`.

    python flows/go_live.py                                           serve it from this machine
    prefect deploy flows/go_live.py:go_live --name flights --pool ops  or run it where the pool's workers are
"""

from pathlib import Path
from typing import Any

from cutover.app.watch import Watcher
from cutover.contract import RunResult
from cutover.flow import entry
from cutover.model.project import Mode


@entry.as_flow(name="{runbook} · {environment} · live")
def go_live(runbook: str, environment: str, project: str = ".", run: str | None = None) -> Any:
    """
    Run a runbook live; refused until the rehearsals that cutover.yaml asks for exist.

    `run` goes on with a run that waits or was interrupted, instead of beginning a new one; `project` is the folder
    with cutover.yaml.
    """
    order = entry.Order(project=project, runbook=runbook, environment=environment, mode=Mode.LIVE, run=run)
    return entry.begin(order)


def main(root: Path, run: str, watcher: Watcher | None = None) -> RunResult:
    """Make one attempt at the prepared go-live `run` of the project in `root`."""
    return entry.carry(root, run, watcher)


if __name__ == "__main__":
    entry.serve(go_live, __file__)

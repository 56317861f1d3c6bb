"""
Rehearse a runbook: `cutover rehearse` and `cutover resume` call `main`, Prefect serves or deploys `rehearse`.

    python flows/rehearse.py                                            serve it from this machine
    prefect deploy flows/rehearse.py:rehearse --name flights --pool ops  or run it where the pool's workers are
"""

from pathlib import Path
from typing import Any

from cutover.app.watch import Watcher
from cutover.contract import RunResult
from cutover.flow import entry
from cutover.model.project import Mode


@entry.as_flow(name="{runbook} · {environment} · rehearsal")
def rehearse(runbook: str, environment: str, drill: bool = False, project: str = ".", run: str | None = None) -> Any:
    """
    Rehearse a runbook in an environment.

    `drill` comes all the way back after going up to the point of no return; `run` goes on with a run that waits or
    was interrupted, instead of beginning a new one; `project` is the folder with cutover.yaml.
    """
    order = entry.Order(
        project=project, runbook=runbook, environment=environment, mode=Mode.REHEARSAL, drill=drill, run=run
    )
    return entry.begin(order)


def main(root: Path, run: str, watcher: Watcher | None = None) -> RunResult:
    """Make one attempt at the prepared rehearsal `run` of the project in `root`."""
    return entry.carry(root, run, watcher)


if __name__ == "__main__":
    entry.serve(rehearse, __file__)

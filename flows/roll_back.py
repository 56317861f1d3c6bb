"""
Bring the old world back: `cutover rollback` calls `main`, Prefect serves or deploys `roll_back`.

    python flows/roll_back.py                                             serve it from this machine
    prefect deploy flows/roll_back.py:roll_back --name flights --pool ops  or run it where the pool's workers are
"""

from pathlib import Path
from typing import Any

from cutover.app.watch import Watcher
from cutover.contract import RunResult
from cutover.flow import entry


@entry.as_flow(name="{run} · rollback")
def roll_back(run: str, reason: str, project: str = ".") -> Any:
    """
    Undo everything a run did, in reverse order; refused past the point of no return.

    `reason` stands in the journal and in the report; `project` is the folder with cutover.yaml.
    """
    return entry.begin(entry.Order(project=project, run=run, undo_because=reason))


def main(root: Path, run: str, watcher: Watcher | None = None, *, reason: str) -> RunResult:
    """Roll back `run` of the project in `root`."""
    return entry.carry(root, run, watcher, undo_because=reason)


if __name__ == "__main__":
    entry.serve(roll_back, __file__)

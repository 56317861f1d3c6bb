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
def roll_back(run: str, reason: str, accept_differences: bool = False, project: str = ".") -> Any:
    """
    Undo everything a run did, in reverse order; refused past the point of no return.

    `reason` stands in the journal and in the report; `accept_differences` ends a rollback although the world is not as
    before, on the word of whoever says so; `project` is the folder with cutover.yaml.
    """
    undo = entry.Undo(because=reason, accept_differences=accept_differences)
    return entry.begin(entry.Order(project=project, run=run, undo=undo))


def main(
    root: Path, run: str, watcher: Watcher | None = None, *, reason: str, accept_differences: bool = False
) -> RunResult:
    """Roll back `run` of the project in `root`."""
    return entry.carry(root, run, watcher, undo=entry.Undo(because=reason, accept_differences=accept_differences))


if __name__ == "__main__":
    entry.serve(roll_back, __file__)

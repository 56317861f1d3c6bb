"""
Named points where a run can be made to die, so that a test can kill it exactly there.

Every line that changes the world has a point before and after it. Outside the tests
`reach` is a dictionary look-up and nothing else. A real process is killed with the real
signal, because what matters is what the kernel and the databases leave behind.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

#: Environment variable that names the point at which the process kills itself with SIGKILL.
#: `name#3` means the third time the point is reached in this process.
KILL_AT = "CUTOVER_KILL_AT"

_seen: dict[str, int] = {}
_listener: Callable[[str], None] | None = None


def listen(listener: Callable[[str], None] | None) -> None:
    """Call `listener` with the name of every point reached in this process; None stops that."""
    global _listener
    _listener = listener


def reach(point: str) -> None:
    """Say that the run has come to a named point, such as `copy.chunk.committed`."""
    if _listener is not None:
        _listener(point)
    wanted = os.environ.get(KILL_AT)
    if not wanted:
        return
    name, _, nth = wanted.partition("#")
    if name != point:
        return
    _seen[point] = _seen.get(point, 0) + 1
    if _seen[point] == int(nth or 1):
        os.kill(os.getpid(), signal.SIGKILL)

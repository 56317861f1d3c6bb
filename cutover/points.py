"""
Named points where a run can be made to die or to fall asleep, so that a test can do that exactly there.

Every line that changes the world has a point before and after it. Outside the tests
`reach` is two look-ups and nothing else. A real process is killed with the real
signal, because what matters is what the kernel and the databases leave behind.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable

#: Environment variable that names the point at which the process kills itself with SIGKILL.
#: `name#3` means the third time the point is reached in this process.
KILL_AT = "CUTOVER_KILL_AT"

#: The same for SIGSTOP: the process sleeps there until somebody sends it SIGCONT.
FREEZE_AT = "CUTOVER_FREEZE_AT"

_seen: dict[tuple[str, str], int] = {}
_listener: Callable[[str], None] | None = None


def listen(listener: Callable[[str], None] | None) -> None:
    """Call `listener` with the name of every point reached in this process; None stops that."""
    global _listener
    _listener = listener


def reach(point: str) -> None:
    """Say that the run has come to a named point, such as `copy.chunk.committed`."""
    if _listener is not None:
        _listener(point)
    for variable, number in _SIGNALS:
        wanted = os.environ.get(variable)
        if wanted and _is_it(variable, wanted, point):
            # To this very thread: sent to the process, it could take a moment, in which the thread goes on.
            signal.pthread_kill(threading.get_ident(), number)


_SIGNALS = ((KILL_AT, signal.SIGKILL), (FREEZE_AT, signal.SIGSTOP))


def _is_it(variable: str, wanted: str, point: str) -> bool:
    """Whether `point` is the one that is wanted, for the wanted time."""
    name, _, nth = wanted.partition("#")
    if name != point:
        return False
    times = _seen[variable, point] = _seen.get((variable, point), 0) + 1
    return times == int(nth or 1)

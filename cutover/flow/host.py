"""
The process of the project's Prefect server: Prefect's own `server start`, until somebody removes its folder.

Run as a script by `server`, in the server's folder; knows only the file it writes its process id to. Without the look
at that file a server whose `.cutover` was deleted under it stays for ever, with one core at 100 %.
"""

from __future__ import annotations

import os
import runpy
import signal
import sys
import threading
import time
from pathlib import Path

_LOOK_EVERY = 2.0  # seconds
_GRACE = 10.0  # seconds between asking and ending


def main() -> None:
    """Note the process id in the file that the first argument names, and serve."""
    file = Path(sys.argv[1])
    file.write_text(str(os.getpid()), encoding="utf-8")
    threading.Thread(target=_end_without, args=(file,), daemon=True).start()
    sys.argv = ["prefect", "server", "start"]
    runpy.run_module("prefect", run_name="__main__", alter_sys=True)


def _end_without(file: Path) -> None:
    while _is_ours(file):
        time.sleep(_LOOK_EVERY)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(_GRACE)
    os._exit(1)


def _is_ours(file: Path) -> bool:
    try:
        return file.read_text(encoding="utf-8") == str(os.getpid())
    except OSError:
        return False


if __name__ == "__main__":
    main()

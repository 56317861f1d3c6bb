"""`python -m demo` tells the story; `start`, `stop` and `clean` are for what it runs on."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from demo import servers, story
from demo.embedded import NoBinaries
from demo.servers import Demo
from demo.told import NotAsTold

ROOT = Path(__file__).resolve().parents[1]


def main(words: list[str]) -> int:
    """Do what the one word says; without a word tell the story. Returns the exit status."""
    demo = Demo(root=ROOT)
    try:
        match words:
            case []:
                story.tell(ROOT)
            case ["start"]:
                print(servers.start(demo).url_without_password("production"))
            case ["stop"]:
                print("stopped" if servers.stop(demo) else "was not running")
            case ["clean"]:
                _clean(demo)
            case _:
                print("usage: python -m demo [start | stop | clean]", file=sys.stderr)
                return 2
    except (NotAsTold, NoBinaries) as exc:
        print(f"\nnot as told: {exc}", file=sys.stderr)
        return 1
    return 0


def _clean(demo: Demo) -> None:
    """Stop both servers and remove the project's state, all of which the demonstration made."""
    state = demo.root / ".cutover"
    if not demo.mark.exists():
        print(f"nothing to remove: '{state}' holds nothing that the demonstration made")
        return
    subprocess.run([sys.executable, "-m", "cutover", "ui", "--stop"], cwd=demo.root, check=False)
    servers.remove(demo)
    shutil.rmtree(state, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

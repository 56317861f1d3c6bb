"""`benchmarks/results.json`: what was measured last, by name, each with the command that measures it again."""

from __future__ import annotations

import fcntl
import json
import os
import platform
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("results.json")


def record(name: str, command: str, figures: Mapping[str, Any]) -> None:
    """Write an entry anew and leave the others as they are, also when two benchmarks end at once."""
    with FILE.open("a+", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        entries = json.loads(file.read() or "{}")
        entries[name] = {"command": command, "measured": _where(), **figures}
        file.truncate(0)
        file.write(json.dumps(dict(sorted(entries.items())), indent=2, ensure_ascii=False) + "\n")


def _where() -> str:
    load = os.getloadavg()[0]
    day = datetime.now(UTC).date().isoformat()
    return f"{day}, Python {platform.python_version()}, {os.cpu_count()} cores, load {load:.1f}"

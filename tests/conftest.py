"""Fixtures of the whole suite: every module of `tests/fixtures/` is a plugin, one module per subject."""

from __future__ import annotations

from pathlib import Path

pytest_plugins = [
    f"tests.fixtures.{module.stem}"
    for module in sorted((Path(__file__).parent / "fixtures").glob("*.py"))
    if module.stem != "__init__"
]

"""
Puts the reference project into the wheel, as the template of `cutover init`: the same files, no second copy.

An editable installation gets none: there the template is the repository itself.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

TEMPLATE = ("migrations", "validators", "runbooks", "snippets", "flows")


class TemplateHook(BuildHookInterface):  # type: ignore[type-arg]
    """Called by Hatchling before it builds a wheel."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add each file of the reference project under `cutover/template/`."""
        if version == "editable":
            return
        root = Path(self.root)
        found = [file for folder in TEMPLATE for file in sorted((root / folder).rglob("*")) if file.is_file()]
        for file in [root / "cutover.yaml", *found]:
            if "__pycache__" not in file.parts:
                build_data["force_include"][str(file)] = f"cutover/template/{file.relative_to(root).as_posix()}"

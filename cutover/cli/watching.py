"""A run on the terminal, drawn anew every second: `cutover status RUN --watch`. Looking changes nothing."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from rich.console import Console
from rich.live import Live
from rich.text import Text

from cutover.cli.tables import console, show_run

SECONDS: Final = 1.0

#: As `cutover.model.status.ENDED` says it.
_ENDED: Final = frozenset({"completed", "rolled_back", "stopped"})


def follow(
    look: Callable[[], Mapping[str, Any]],
    out: Console | None = None,
    *,
    wait: Callable[[float], None] = time.sleep,
) -> None:
    """
    Draw what `look` gives until the run has ended, or Ctrl-C. Where there is no terminal it is drawn once.

    `look` gives the document of `app.status.one_run`.
    """
    out = out or console()
    document = look()
    if not out.is_terminal:
        show_run(document, out)
        return
    with Live(page(document, out), console=out, auto_refresh=False, vertical_overflow="visible") as drawn:
        try:
            while document["status"] not in _ENDED:
                wait(SECONDS)
                document = look()
                drawn.update(page(document, out), refresh=True)
        except KeyboardInterrupt:
            return


def page(document: Mapping[str, Any], out: Console) -> Text:
    """The whole document as `cutover status` prints it, as one piece."""
    paper = Console(
        file=io.StringIO(),
        width=out.width,
        highlight=False,
        force_terminal=True,
        color_system="truecolor" if out.color_system else None,  # `out` draws it with what it has
        legacy_windows=False,
    )
    with paper.capture() as written:
        show_run(document, paper)
    return Text.from_ansi(written.get().rstrip("\n"))

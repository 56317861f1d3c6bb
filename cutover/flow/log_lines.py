"""What goes through the standard library's logging on its way to Prefect: secrets out, nothing else changed."""

from __future__ import annotations

import logging
import traceback

from cutover.redact import redact

#: The loggers whose lines Prefect sends to its server, and the root, where its console handler sits.
_LOGGERS = ("", "cutover", "prefect", "prefect.extra", "prefect.flow_runs", "prefect.task_runs")


class Redaction(logging.Filter):
    """Takes known secrets out of a record before a handler sees it: message, arguments, exception."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Always True; the record is changed in place, so every later handler gets the clean one too."""
        record.msg, record.args = redact(record.getMessage()), ()
        if record.exc_info:
            if record.exc_info[1] is not None:
                record.exc_text = redact("".join(traceback.format_exception(record.exc_info[1])).rstrip())
            record.exc_info = None  # Prefect logs a failed step with "no exception", which would print as NoneType
        return True


def keep_secrets_out() -> None:
    """Put the filter on every handler that Prefect has set up. May be called any number of times."""
    for name in _LOGGERS:
        for handler in logging.getLogger(name).handlers:
            if not any(isinstance(known, Redaction) for known in handler.filters):
                handler.addFilter(Redaction())


def let_through() -> None:
    """Let the package's own lines at level INFO reach Prefect; the root's level would stop them."""
    log = logging.getLogger("cutover")
    if log.level == logging.NOTSET:
        log.setLevel(logging.INFO)

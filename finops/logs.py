"""Logs: one short event with its facts as keys, to standard error. JSON where no person is looking.

What libraries log from WARNING on comes in the same form. On a terminal nothing that was quoted from outside
can act on it; as JSON everything is ASCII anyway.
"""

import logging
import sys
import unicodedata

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

_AS_IT_IS = ("event", "exception", "stack", "logger")


def configure(level: int = logging.INFO) -> None:
    """Send structlog and the standard library's loggers to standard error."""
    shown: list[Processor] = [structlog.processors.JSONRenderer()]
    if sys.stderr.isatty():
        plain = structlog.dev.plain_traceback
        shown = [_harmless, structlog.dev.ConsoleRenderer(exception_formatter=plain, repr_native_str=True)]
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, *shown],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    _libraries([structlog.stdlib.add_logger_name, *shared], shown)
    # APScheduler says at WARNING what is by design here: that a look was skipped since one is running.
    logging.getLogger("apscheduler").setLevel(logging.ERROR)


def _libraries(chain: list[Processor], shown: list[Processor]) -> None:
    """One handler for all that libraries log, in place of an earlier one of ours."""
    handler = logging.StreamHandler(sys.stderr)
    handler.set_name(__name__)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=chain,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *shown],
        )
    )
    root = logging.getLogger()
    for earlier in [each for each in root.handlers if each.get_name() == __name__]:
        root.removeHandler(earlier)
    root.addHandler(handler)


def _harmless(_logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
    """What is shown as it is, with an escape for what a terminal would act on; facts are shown quoted."""
    return {key: _escaped(str(value)) if key in _AS_IT_IS else value for key, value in event.items()}


def _escaped(text: str) -> str:
    r"""A text of lines that a terminal shows as it is.

    >>> _escaped("a\x1b[31m\nb")
    'a\\x1b[31m\nb'
    """
    return "".join(
        repr(char)[1:-1] if char != "\n" and unicodedata.category(char)[0] in "CZ" and char != " " else char
        for char in text
    )

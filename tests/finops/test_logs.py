"""What is logged: JSON for machines, harmless lines for people."""

import io
import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import structlog

from finops import logs

HOSTILE = "a\x1b[31m\u202eb\r\nc"


class Terminal(io.StringIO):
    """A stream that says that a person looks at it."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[io.StringIO], io.StringIO]]:
    """Logging to a stream in place of standard error; afterwards all is as before."""
    before, handlers = structlog.get_config(), list(logging.getLogger().handlers)

    def to(stream: io.StringIO) -> io.StringIO:
        monkeypatch.setattr("sys.stderr", stream)
        logs.configure()
        return stream

    yield to
    structlog.configure(**before)
    logging.getLogger().handlers = handlers


def broken() -> None:
    try:
        raise ValueError(HOSTILE)  # noqa: TRY301 (it is to be logged)
    except ValueError:
        structlog.get_logger().exception("run broke")


def test_where_no_person_looks_every_line_is_json(logged: Callable[..., Any]) -> None:
    stream = logged(io.StringIO())
    with structlog.contextvars.bound_contextvars(job="expire"):
        structlog.get_logger().warning("run not done", why=HOSTILE)
    logging.getLogger("library").warning("of %s", HOSTILE)
    broken()
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]

    assert stream.getvalue().isascii()
    assert [line["event"] for line in lines] == ["run not done", f"of {HOSTILE}", "run broke"]
    assert (lines[0]["job"], lines[0]["level"], lines[0]["why"]) == ("expire", "warning", HOSTILE)
    assert (lines[1]["logger"], lines[1]["level"]) == ("library", "warning")
    assert "Traceback" in lines[2]["exception"]
    assert all(line["timestamp"].endswith("Z") for line in lines)


def test_what_libraries_say_in_passing_is_not_logged(logged: Callable[..., Any]) -> None:
    stream = logged(io.StringIO())
    logging.getLogger("library").info("passing")
    structlog.get_logger().debug("passing")

    assert stream.getvalue() == ""


def test_configured_twice_it_logs_once(logged: Callable[..., Any]) -> None:
    logged(io.StringIO())
    stream = logged(io.StringIO())
    logging.getLogger("library").warning("once")

    assert len(stream.getvalue().splitlines()) == 1


def test_nothing_that_is_quoted_acts_on_a_terminal(logged: Callable[..., Any]) -> None:
    stream = logged(Terminal())
    structlog.get_logger().warning("profile refused", why=HOSTILE)
    logging.getLogger("library").warning("of %s", HOSTILE)
    broken()

    assert stream.getvalue().count("a\\x1b[31m\\u202eb\\r") == 3
    assert "\u202e" not in stream.getvalue()
    assert "\x1b[31m\u202e" not in stream.getvalue()

"""A process of the campaign: made by a fork of one that has imported everything, so that it starts at once.

What is killed is a real process with its own connections and threads. Whoever forks holds none of either.
"""

import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

# What a process of the product would import before it does anything; a kill meanwhile proves nothing.
_IMPORTED = (
    *(f"finops.cli.{name}" for name in ("backup", "db", "demo", "jobs", "ledger", "scheduler", "worker")),
    *("alembic.command", "alembic.ddl.postgresql", "alembic.ddl.sqlite", "alembic.autogenerate"),
    *("finops.demo.drive", "finops.storage.backup", "jobs.registry", "jobs.service", "jobs.worker"),
    *("finops.formats.detect", "numpy", "psycopg", "sqlalchemy.dialects.postgresql.psycopg", "zstandard"),
)  # fmt: skip

LONGEST_SECONDS = 180


@dataclass
class Process:
    """A process that was started, and what it came to."""

    pid: int
    log: Path
    status: int | None = None

    def poll(self) -> bool:
        """Whether it is over."""
        if self.status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.status = status
        return self.status is not None

    def wait(self, seconds: float = LONGEST_SECONDS) -> bool:
        """Wait for its end; whether it came in time."""
        until = time.monotonic() + seconds
        while not self.poll():
            if time.monotonic() > until:
                return False
            time.sleep(0.002)
        return True

    def send(self, number: signal.Signals) -> None:
        """Send a signal to it and to what it started."""
        if not self.poll():
            os.killpg(self.pid, number)

    def kill(self) -> bool:
        """Kill -9, and whether that is what it died of: one that was over already was not hit."""
        self.send(signal.SIGKILL)
        self.wait()
        return self.status is not None and os.WIFSIGNALED(self.status)

    @property
    def is_fine(self) -> bool:
        """Whether it ended by itself, with nothing to complain of."""
        return self.status == 0

    def said(self) -> str:
        """The last that it wrote, for a message."""
        lines = self.log.read_text(errors="replace").splitlines()
        return lines[-1][:300] if lines else "it said nothing"


def prepare() -> None:
    """Import what the processes will need."""
    for name in _IMPORTED:
        import_module(name)


def start(act: Callable[[], object], log: Path) -> Process:
    """Start a process that does something, and ends."""
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid:
        with suppress(PermissionError, ProcessLookupError):
            os.setpgid(pid, pid)  # here as well: a signal to the group may come before the child does it
        return Process(pid, log)
    code = 1
    try:
        os.setpgid(0, 0)
        file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
        os.dup2(file, 1)
        os.dup2(file, 2)
        sys.stdout, sys.stderr = (os.fdopen(number, "w", closefd=False) for number in (1, 2))
        act()
        code = 0
    except SystemExit as exit_:
        code = exit_.code if isinstance(exit_.code, int) else int(exit_.code is not None)
    except BaseException:  # noqa: BLE001 (nothing of the child may go on as the parent)
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def command(config: Path, *words: str) -> Callable[[], object]:
    """The command line, as something to do in a process."""

    def act() -> None:
        from finops.cli.main import main  # noqa: PLC0415 (this process has it already)

        main(["--config", str(config), *words])

    return act


def duration(act: Callable[[], object], log: Path) -> float:
    """The seconds that something takes when nobody disturbs it. Raises RuntimeError if it fails."""
    began = time.monotonic()
    process = start(act, log)
    if not process.wait() or not process.is_fine:
        process.kill()
        raise RuntimeError(f"the undisturbed run failed: {process.said()}")
    return time.monotonic() - began

"""How a process is told to stop: by a signal, after which it finishes what it has at hand."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

# Soon enough for whoever stops a service, and no work for the processor.
_WAKES_EVERY_SECONDS = 0.5


@contextmanager
def until_a_signal(stop: Callable[[], None]) -> Iterator[None]:
    """Call `stop` at the first SIGTERM or SIGINT; another one does what it would do without this."""
    before = {each: signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGINT)}

    def restore() -> None:
        for each, handler in before.items():
            signal.signal(each, handler)

    def first(_signal: int, _frame: FrameType | None) -> None:
        restore()
        stop()

    for each in before:
        signal.signal(each, first)
    try:
        yield
    finally:
        restore()


def wait_for(stopping: threading.Event) -> None:
    """Wait, and be awake now and then.

    A signal's handler runs once the main thread is awake; where the system gave the signal to another
    thread, or a moment before this one fell asleep, nothing else would wake it.
    """
    while not stopping.wait(_WAKES_EVERY_SECONDS):
        pass

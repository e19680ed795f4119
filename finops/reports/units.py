"""Values of profiles as people read them: time in seconds, memory in MiB, counts with their thousands."""

from finops.domain.profile import BYTES, NANOSECONDS
from finops.reports.shown import cut, harmless

_TIMES = ((3600 * 10**9, "h"), (60 * 10**9, "min"), (10**9, "s"), (10**6, "ms"), (10**3, "µs"), (1, "ns"))
_SIZES = ((1 << 40, "TiB"), (1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB"), (1, "B"))
_UNIT = 12
# One unit smaller than this many of it reads better: 90 s, not 1.5 min.
_LEAST = {"h": 2, "min": 2}


def shown_value(value: int, unit: str) -> str:
    """A value in the unit that reads best; a unit that is not known stays.

    >>> shown_value(90_500_000_000, "nanoseconds"), shown_value(-3 << 19, "bytes"), shown_value(0, "ns")
    ('90.5 s', '-1.50 MiB', '0 s')
    >>> shown_value(12345, "count"), shown_value(7, "frogs")
    ('12,345', '7 frogs')
    """
    if unit in NANOSECONDS:
        return _scaled(value * NANOSECONDS[unit], _TIMES) if value else "0 s"
    if unit.lower() in BYTES:
        return _scaled(value * BYTES[unit.lower()], _SIZES) if value else "0 B"
    return f"{value:,}" if unit in {"count", "", "objects"} else f"{value:,} {cut(harmless(unit), _UNIT)}"


def _scaled(value: int, scale: tuple[tuple[int, str], ...]) -> str:
    size, name = next((each for each in scale if abs(value) >= each[0] * _LEAST.get(each[1], 1)), scale[-1])
    number = value / size
    decimals = max(0, 3 - len(str(int(abs(number))))) if size > 1 else 0
    return f"{number:,.{decimals}f} {name}"

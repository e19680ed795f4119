"""A price as text and as a document: what it is, where it comes from and of when, and how it divides."""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any, Protocol

from finops.costs.split import MIB_PER_GIB
from finops.domain.money import rounded
from finops.domain.price import Price, PriceSplit
from finops.domain.window import moment_text
from finops.reports.shown import harmless, table


class Step(Protocol):
    """A rung of the ladder, as it is shown."""

    @property
    def rung(self) -> str:
        """Its name."""

    @property
    def price(self) -> Price | None:
        """Its price, if it has one."""

    @property
    def why(self) -> str:
        """Why it has, or why not."""


def document(price: Price, split: PriceSplit) -> dict[str, Any]:
    """A price for a program: amounts are decimal strings, the hourly one as it is listed."""
    vcpu, gib, gpu = rates(price, split)
    return {
        "machine": price.kind.machine_type,
        "cloud": price.kind.cloud,
        "region": price.kind.region,
        "purchase_option": price.kind.purchase_option,
        "hourly": format(price.hourly, "f"),
        "currency": price.currency,
        "vcpu": _number(price.shape.vcpu),
        "memory_gib": _number(Decimal(price.shape.memory_mib) / MIB_PER_GIB),
        "gpu": _number(price.shape.gpu),
        "source": price.source,
        "as_of": moment_text(price.as_of),
        "valid_from": moment_text(price.valid_from),
        "valid_to": moment_text(price.valid_to) if price.valid_to else None,
        "is_estimate": price.is_estimate,
        "split": {
            "method": split.method,
            "basis": split.basis,
            "is_estimate": split.is_estimate,
            "vcpu_hour": format(vcpu, "f"),
            "gib_hour": format(gib, "f"),
            "gpu_hour": None if gpu is None else format(gpu, "f"),
        },
    }


def rates(price: Price, split: PriceSplit) -> tuple[Decimal, Decimal, Decimal | None]:
    """What the price comes to by vCPU-hour, GiB-hour and GPU-hour, to nine decimals; to be shown.

    None for GPUs that there are none of, or that the split cannot tell apart.
    """
    whole = split.cpu + split.memory + split.gpu
    gib = Fraction(price.shape.memory_mib, MIB_PER_GIB)
    parts = ((split.cpu, Fraction(price.shape.vcpu)), (split.memory, gib))
    vcpu_hour, gib_hour = (_nine(Fraction(price.hourly) * weight / whole / size) for weight, size in parts)
    if not split.gpu or not price.shape.gpu:
        return vcpu_hour, gib_hour, None
    return (
        vcpu_hour,
        gib_hour,
        _nine(Fraction(price.hourly) * split.gpu / whole / Fraction(price.shape.gpu)),
    )


def text(price: Price, split: PriceSplit, title: str, note: str = "") -> str:
    """A price for a person.

    Args:
        price: what is shown.
        split: how it divides.
        title: what the list is and of when.
        note: what is to be said of this price.
    """
    shape, currency = price.shape, price.currency
    vcpu, gib, gpu = rates(price, split)
    until = f" to {price.valid_to.date()}" if price.valid_to else ""
    gpus = f", {_plain(shape.gpu)} GPU" if shape.gpu else ""
    gpu_rate = f", {gpu} {currency}/GPU-h" if gpu is not None else ""
    rows = [
        ["price", f"{price.hourly} {currency} an hour{' (an estimate)' if price.is_estimate else ''}"],
        ["machine", str(price.kind)],
        ["has", f"{_plain(shape.vcpu)} vCPU, {_plain(Decimal(shape.memory_mib) / MIB_PER_GIB)} GiB{gpus}"],
        ["bought", price.kind.purchase_option.replace("_", "-")],
        ["source", f"{price.source}: {title}"],
        ["as of", str(price.as_of.date())],
        ["valid", f"from {price.valid_from.date()}{until}"],
        ["split", f"{split.method}{' (an estimate)' if split.is_estimate else ''}: {split.basis}"],
        ["", f"{vcpu} {currency}/vCPU-h, {gib} {currency}/GiB-h{gpu_rate}"],
    ]
    if note:
        rows.append(["note", note])
    return "\n".join(f"{name:<8} {said}" for name, said in rows) + "\n"


def why_text(steps: Sequence[Step], answer: Price | None) -> str:
    """Every rung of the ladder, from the top; the one that answered is marked."""
    answered = next((step for step in steps if step.price is not None), None)
    rows = [
        [
            "→" if step is answered else "",
            step.rung,
            f"{step.price.hourly} {step.price.currency}{_contracted(step.price)}" if step.price else "–",
            harmless(step.why),
        ]
        for step in steps
    ]
    said = "\n".join(f"{mark:<1} {rung:<12} {price:<24} {why}" for mark, rung, price, why in rows)
    return f"\nwhy\n{said}\n" + (f"price {answer.id}\n" if answer else "")


def _contracted(price: Price) -> str:
    return f" ({price.contracted.normalize():f} contracted)" if price.contracted is not None else ""


def listing(prices: list[Price], title: str, found: int) -> str:
    """Prices for a person, one a line, of `found` that there are."""
    rows = [
        [
            f"{price.hourly}{'~' if price.is_estimate else ''}",
            _plain(price.shape.vcpu),
            _plain(Decimal(price.shape.memory_mib) / MIB_PER_GIB),
            _plain(price.shape.gpu),
            price.kind.machine_type,
        ]
        for price in prices
    ]
    currency = prices[0].currency if prices else ""
    lines = [title, "", table([f"{currency}/h", "vCPU", "GiB", "GPU", "machine"], rows, left=[4])]
    if any(price.is_estimate for price in prices):
        lines += ["", "~ an estimate: see `finops prices show MACHINE`"]
    if found > len(prices):
        lines += ["", f"{found - len(prices):,} more: --limit 0 shows all, --family c5 one family"]
    return "\n".join(lines) + "\n"


def _nine(rate: Fraction) -> Decimal:
    return Decimal(rounded(rate.numerator * 10**9, rate.denominator)).scaleb(-9)


def _plain(number: Decimal) -> str:
    """A number without zeros behind the point.

    >>> _plain(Decimal("16.0")), _plain(Decimal("3.75")), _plain(Decimal(100))
    ('16', '3.75', '100')
    """
    return format(number.normalize(), "f")


def _number(number: Decimal) -> int | float:
    return int(number) if number == number.to_integral_value() else float(number)

"""How one price divides by every policy, side by side, as text and as a document."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from finops.domain.price import Price, PriceSplit
from finops.reports.price_sheet import rates
from finops.reports.shown import table

Tried = Sequence[tuple[str, PriceSplit | str]]
"""Each policy with what it gives, or why it gives nothing."""


def document(price: Price, chosen: PriceSplit, configured: str, why: str, tried: Tried) -> dict[str, Any]:
    """For a program."""
    return {
        "machine": price.kind.machine_type,
        "region": price.kind.region,
        "hourly": format(price.hourly, "f"),
        "currency": price.currency,
        "configured": configured,
        "chosen": chosen.method,
        "why": why,
        "policies": [
            {"policy": policy, "refused": made}
            if isinstance(made, str)
            else {"policy": policy, **_parts(price, made)}
            for policy, made in tried
        ],
    }


def text(price: Price, chosen: PriceSplit, configured: str, why: str, tried: Tried) -> str:
    """For a person."""
    rows, refused = [], []
    for policy, made in tried:
        if isinstance(made, str):
            refused.append(f"{policy}: {made}")
            continue
        vcpu, gib, gpu = rates(price, made)
        rows.append(
            [
                "→" if made == chosen else "",
                policy,
                *(f"{share * 100:.1f} %" for share in _shares(made)),
                *(str(vcpu), str(gib), str(gpu) if gpu is not None else "–"),
                f"{made.residual * 100:.2f} %" if made.residual is not None else "–",
            ]
        )
    heads = ["", "policy", "CPU", "memory", "GPU", "vCPU-h", "GiB-h", "GPU-h", "residual"]
    lines = [
        f"{price.kind.machine_type} in {price.kind.region}: {price.hourly} {price.currency} an hour",
        "",
        table(heads, rows, left=[0, 1]),
        "",
        f"{configured} takes {chosen.method}: {why}",
        chosen.basis,
        *([""] if refused else []),
        *refused,
    ]
    return "\n".join(lines) + "\n"


def _parts(price: Price, made: PriceSplit) -> dict[str, Any]:
    vcpu, gib, gpu = rates(price, made)
    cpu_share, memory_share, gpu_share = (f"{share:.6f}" for share in _shares(made))
    return {
        "method": made.method,
        "basis": made.basis,
        "is_estimate": made.is_estimate,
        "cpu_share": cpu_share,
        "memory_share": memory_share,
        "gpu_share": gpu_share,
        "vcpu_hour": format(vcpu, "f"),
        "gib_hour": format(gib, "f"),
        "gpu_hour": None if gpu is None else format(gpu, "f"),
        "residual": format(made.residual, "f") if made.residual is not None else None,
    }


def _shares(made: PriceSplit) -> tuple[float, float, float]:
    """Shares to be shown: no amount is made of them."""
    whole = made.cpu + made.memory + made.gpu
    cpu, memory, gpu = (float(Fraction(part, whole)) for part in (made.cpu, made.memory, made.gpu))
    return cpu, memory, gpu

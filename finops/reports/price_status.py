"""What is known of every price list: how old it is, what waits for a person, and why one was not let in."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from finops.domain.window import moment_text
from finops.reports.shown import harmless, table
from finops.storage import price_imports
from finops.storage.database import Session
from finops.storage.price_imports import Import, ImportStatus

# A list that was not let in for a week is stale: its prices stay in force, and somebody should look.
STALE = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class ListStatus:
    """One list: the last look, the last that was let in, and those that wait."""

    last: Import
    admitted: Import | None
    held: tuple[Import, ...]
    age: timedelta | None

    @property
    def is_stale(self) -> bool:
        """Whether nothing was let in for a week."""
        return self.age is None or self.age > STALE

    def document(self) -> dict[str, Any]:
        """For a program."""
        return {
            "source": self.last.source,
            "cloud": self.last.cloud,
            "region": self.last.region,
            "is_stale": self.is_stale,
            "age_seconds": int(self.age.total_seconds()) if self.age is not None else None,
            "let_in": _document(self.admitted) if self.admitted else None,
            "last": _document(self.last),
            "held": [_document(each) for each in self.held],
        }


def build(session: Session, now: datetime) -> list[ListStatus]:
    """The status of every list that was ever looked at."""
    admitted = {made.scope: made for made in price_imports.latest_admitted(session)}
    held = price_imports.held(session)
    return [
        ListStatus(
            last,
            let_in := admitted.get(last.scope),
            tuple(
                each
                for each in held
                if each.scope == last.scope and (not let_in or each.observed_at > let_in.observed_at)
            ),
            max(now - let_in.observed_at, timedelta(0)) if let_in else None,
        )
        for last in price_imports.latest(session)
    ]


def text(found: Sequence[ListStatus]) -> str:
    """For a person."""
    if not found:
        return "no price list was looked at yet; see `finops prices refresh` and `finops prices import`\n"
    rows = [
        [
            harmless(each.last.source),
            each.last.region,
            moment_text(each.admitted.observed_at.replace(microsecond=0)) if each.admitted else "never",
            f"{each.admitted.rows:,}" if each.admitted else "",
            each.last.status + (", stale" if each.is_stale else ""),
        ]
        for each in found
    ]
    lines = [table(["list", "region", "let in", "prices", "last look"], rows, left=[0, 1, 2, 4])]
    for each in found:
        if each.last.status in (ImportStatus.REFUSED, ImportStatus.UNAVAILABLE):
            lines.append(f"\n{each.last.source} {each.last.region} was {each.last.status}: {_why(each.last)}")
        lines += [
            f"\nimport {made.id} of {made.source} {made.region} is held: {_why(made)}" for made in each.held
        ]
        if each.held:
            lines.append("let it in with `finops prices accept IMPORT`")
    return "\n".join(lines) + "\n"


def metrics(found: Sequence[ListStatus]) -> str:
    """In the text format of Prometheus, as its textfile collector reads it."""
    return "".join(
        [
            *_family(
                "finops_price_age_seconds",
                "Since when the last look at a price list that was let in was made.",
                [(each, int(each.age.total_seconds())) for each in found if each.age is not None],
            ),
            *_family(
                "finops_price_list_refused",
                "Whether the last look at a price list was not let in.",
                [(each, int(each.last.status not in _IN)) for each in found],
            ),
            *_family(
                "finops_price_list_held",
                "Looks at a price list that wait for a person.",
                [(each, len(each.held)) for each in found],
            ),
        ]
    )


_IN = (ImportStatus.ADMITTED, ImportStatus.ACCEPTED)


def _family(name: str, what: str, values: Iterable[tuple[ListStatus, int]]) -> list[str]:
    lines = [f"# HELP {name} {what}\n", f"# TYPE {name} gauge\n"]
    for each, value in values:
        labels = {"cloud": each.last.cloud, "region": each.last.region, "source": each.last.source}
        shown = ",".join(f'{label}="{_label(said)}"' for label, said in labels.items())
        lines.append(f"{name}{{{shown}}} {value}\n")
    return lines


def _label(said: str) -> str:
    return said.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _document(made: Import) -> dict[str, Any]:
    return {
        "import": made.id,
        "status": made.status,
        "observed_at": moment_text(made.observed_at),
        "recorded_at": moment_text(made.recorded_at) if made.recorded_at else None,
        "published": moment_text(made.published) if made.published else None,
        "version": made.version,
        "prices": made.rows,
        "reasons": made.reasons,
        "left_out": made.left_out,
        "origin": made.origin,
    }


def _why(made: Import) -> str:
    return harmless(made.reasons)

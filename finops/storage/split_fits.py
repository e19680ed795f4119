"""Fits of what a vCPU and a GiB come to, by when prices were let in; one that changed adds a row."""

from collections.abc import Iterable
from dataclasses import replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from finops.costs.fit import Fit
from finops.storage.portable import insert_missing
from finops.storage.tables import SplitFitRow


def record(session: Session, made: Iterable[Fit]) -> None:
    """Store fits; one that says what the fit before it in time said is left out. The caller commits."""
    known = {_key(fit): fit for fit in every(session)}
    rows = []
    for fit in made:
        before = known.get(_key(fit))
        if before is not None and before.valid_from <= fit.valid_from and _says(before) == _says(fit):
            continue
        rows.append(
            {
                **{
                    name: getattr(fit, name)
                    for name in ("cloud", "region", "generation", "source", "currency")
                },
                **{name: getattr(fit, name) for name in ("vcpu_hourly", "gib_hourly", "residual", "prices")},
                "refused": fit.refused,
                "fitted_at": fit.valid_from,
            }
        )
    insert_missing(session, SplitFitRow, rows)


def every(session: Session, *, cloud: str | None = None, region: str | None = None) -> list[Fit]:
    """All fits, in order of time, each valid until the next of its generation."""
    row = SplitFitRow
    query = select(row.__table__).order_by(row.fitted_at)
    if cloud is not None:
        query = query.where(row.cloud == cloud)
    if region is not None:
        query = query.where(row.region == region)
    found: list[Fit] = []
    last: dict[tuple[str, ...], int] = {}
    for each in session.execute(query):
        fit = Fit(
            *(each.cloud, each.region, each.generation, each.currency),
            vcpu_hourly=each.vcpu_hourly,
            gib_hourly=each.gib_hourly,
            residual=each.residual,
            prices=each.prices,
            valid_from=each.fitted_at,
            refused=each.refused,
            source=each.source,
        )
        if _key(fit) in last:
            place = last[_key(fit)]
            found[place] = replace(found[place], valid_to=fit.valid_from)
        last[_key(fit)] = len(found)
        found.append(fit)
    return found


def _key(fit: Fit) -> tuple[str, ...]:
    return fit.cloud, fit.region, fit.generation, fit.source


def _says(fit: Fit) -> tuple[object, ...]:
    return fit.currency, fit.vcpu_hourly, fit.gib_hourly, fit.residual, fit.prices, fit.refused

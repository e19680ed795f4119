"""What a request may ask: each parameter with its bounds. Numbers are read from text, never as floats."""

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from finops.api.problems import Mistake
from finops.api.spec import Schema
from finops.costs.rightsize import MOST_DECIMALS
from finops.domain.charge import CostMetric

Words = Annotated[
    str,
    Field(
        description="Whole days: START/END, a date, a week as 2026-W45, yesterday, lastweek, 7d.",
        examples=["lastweek"],
        max_length=100,
    ),
]
Metric = Annotated[CostMetric, Field(description="Which of FOCUS's four costs.")]
Name = Annotated[str, Field(min_length=1, max_length=200)]
Share = Annotated[Decimal, Field(gt=0, le=1, decimal_places=MOST_DECIMALS)]
# More machines than anybody has; it keeps amounts within what a database holds.
MOST_MACHINES = 10**9


class WindowQuery(Schema):
    """A window and a cost metric."""

    window: Words = "lastweek"
    cost_metric: Metric = CostMetric.LIST


class ReportQuery(WindowQuery):
    """A report, as it is or as it was."""

    as_of: Annotated[
        str | None,
        Field(
            description="A moment: the report as it was given then, without restatements made since.",
            examples=["2026-11-30T12:00:00Z"],
            max_length=100,
        ),
    ] = None


class FunctionsQuery(WindowQuery):
    """Which functions of a service to list."""

    resource: Annotated[
        Literal["cpu", "memory"] | None, Field(description="Of one resource; without it, of both.")
    ] = None
    sort: Annotated[Literal["self", "total"], Field(description="Dearest first, by which.")] = "self"
    limit: Annotated[int, Field(ge=0, le=100_000, description="How many by resource; 0 lists all.")] = 20


class RightsizeQuery(Schema):
    """Machines, or a service and a window of the ledger; and what of their CPU demand is to go."""

    machine: Annotated[Name | None, Field(description="A machine type.", examples=["c5.2xlarge"])] = None
    region: Annotated[Name | None, Field(description="Where they run; us-east-1 if unset.")] = None
    count: Annotated[
        Annotated[int, Field(ge=1, le=MOST_MACHINES)] | None, Field(description="How many there are.")
    ] = None
    utilisation: Annotated[
        Share | None, Field(description="Their measured mean CPU utilisation.", examples=["0.70"])
    ] = None
    remove: Annotated[
        Annotated[Decimal, Field(ge=0, lt=1, decimal_places=MOST_DECIMALS)] | None,
        Field(description="The fraction of CPU demand that goes.", examples=["0.40"]),
    ] = None
    target: Annotated[
        Share | None, Field(description="The utilisation to run at afterwards; as now if unset.")
    ] = None
    service: Annotated[Name | None, Field(description="In place of machine, count and utilisation.")] = None
    window: Annotated[Words | None, Field(description="Of the service; lastweek if unset.")] = None

    def mistakes(self) -> list[Mistake]:
        """What is missing, or does not go together: all of it at once."""
        missing = {"remove": "the fraction of CPU demand that goes, as 0.40"}
        if self.service is None:
            missing |= {
                "machine": "the machine type, as c5.2xlarge; or a service and a window of the ledger",
                "count": "how many machines there are",
                "utilisation": "a measured utilisation is required, as 0.70: machines are never"
                " recommended away on what profiles saw alone",
            }
        found = [
            Mistake(where=name, what=f"missing: {what}")
            for name, what in missing.items()
            if getattr(self, name) is None
        ]
        others = ("machine", "region", "count", "utilisation") if self.service is not None else ("window",)
        what = "the ledger says it of a service" if self.service is not None else "it is of a service"
        return found + [
            Mistake(where=name, what=f"not to be given: {what}")
            for name in others
            if getattr(self, name) is not None
        ]


class ReadyQuery(Schema):
    """How recent the ledger has to be."""

    max_lag_hours: Annotated[
        Annotated[int, Field(ge=1, le=10_000)] | None,
        Field(description="Not ready if the ledger ends longer ago; without it, however old it is."),
    ] = None

"""A price in another currency, for display: by a stored rate, with its day and its source."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from finops.errors import ConfigError, NotFound

if TYPE_CHECKING:
    from datetime import datetime
    from decimal import Decimal

    from finops.app import App
    from finops.domain.price import Price


@dataclass(frozen=True, slots=True)
class Shown:
    """An amount in another currency than its own, with what it was converted by."""

    amount: "Decimal"
    currency: str
    rate: "Decimal"
    day: "datetime"
    source: str

    def __str__(self) -> str:
        rate = f"{self.rate} of {self.day:%Y-%m-%d} ({self.source})"
        return f"{self.amount:f} {self.currency} at {rate}, for display only"

    def document(self) -> dict[str, str]:
        """For a program."""
        return {
            "amount": f"{self.amount:f}",
            "currency": self.currency,
            "rate": f"{self.rate:f}",
            "day": f"{self.day:%Y-%m-%d}",
            "source": self.source,
        }


def converted(app: "App | None", price: "Price", currency: str, at: "datetime") -> Shown:
    """An hourly price in another currency, by the last rate until a moment.

    Raises:
        ConfigError: there is no configuration, and so nothing is stored.
        NotFound: no rate of the two currencies is stored.
    """
    from finops.storage import fx_rates

    if app is None:
        raise ConfigError("--in needs a configuration: rates are stored by `finops prices rates`")
    with app.readers() as session:
        rate = fx_rates.find(session, price.currency, currency, at)
    if rate is None:
        raise NotFound(f"no rate from {price.currency} to {currency} is stored; see `finops prices rates`")
    return Shown((price.hourly * rate.rate).normalize(), currency, rate.rate, rate.day, rate.source)

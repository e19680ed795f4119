"""Money: whole nanos of a currency. No float touches it, and parts always add up to the whole."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext

from finops.engine import divide
from finops.errors import CurrencyMismatch

NANOS_PER_UNIT = 10**9
NANOS_PER_HOUR = 3600 * 10**9


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in nanos (1e-9) of a currency.

    >>> Money.of("0.34") * 3
    Money(nanos=1020000000, currency='USD')
    """

    nanos: int
    currency: str = "USD"

    def __post_init__(self) -> None:
        if type(self.nanos) is not int:
            raise TypeError(f"{self.nanos!r} is not a whole number of nanos")

    @classmethod
    def of(cls, amount: str | int | Decimal, currency: str = "USD") -> "Money":
        """Money from a decimal amount that is exact to the nano.

        Raises:
            ValueError: the amount is no number, or has more than nine decimals.
        """
        with localcontext(prec=60):
            nanos = exact_decimal(amount).scaleb(9)
            if nanos != nanos.to_integral_value():
                raise ValueError(f"{amount} {currency} is finer than a nano")
            return cls(int(nanos), currency)

    @property
    def amount(self) -> Decimal:
        """The amount in units of the currency, with all nine decimals."""
        with localcontext(prec=60):
            return Decimal(self.nanos).scaleb(-9)

    def __str__(self) -> str:
        return f"{self.amount:f} {self.currency}"

    def __add__(self, other: "Money") -> "Money":
        return Money(self.nanos + self._same(other), self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return Money(self.nanos - self._same(other), self.currency)

    def __mul__(self, count: int) -> "Money":
        return Money(self.nanos * count, self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.nanos, self.currency)

    def __lt__(self, other: "Money") -> bool:
        return self.nanos < self._same(other)

    def __le__(self, other: "Money") -> bool:
        return self.nanos <= self._same(other)

    def split(self, weights: Sequence[int]) -> list["Money"]:
        """Split in proportion to weights; the parts add up to the whole, to the nano.

        Exact at any size; what rounding leaves over goes to the parts that lost most, ties to the first.

        Raises:
            ValueError: a weight is negative, or all are zero.

        >>> [part.nanos for part in Money(100).split([1, 1, 1])]
        [34, 33, 33]
        """
        return [Money(nanos, self.currency) for nanos in divide(self.nanos, weights)]

    def _same(self, other: "Money") -> int:
        if other.currency != self.currency:
            raise CurrencyMismatch(f"{self} and {other} are not of one currency")
        return other.nanos


def total(amounts: Iterable[Money], currency: str = "USD") -> Money:
    """The sum of amounts; nothing at all is zero of the currency.

    Raises:
        CurrencyMismatch: they are not all of one currency.
    """
    amounts = list(amounts)
    whole = Money(0, amounts[0].currency if amounts else currency)
    for amount in amounts:
        whole += amount
    return whole


@dataclass(frozen=True, slots=True)
class Rate:
    """Money per hour of one machine, vCPU, GiB or GPU, as a Decimal.

    >>> Rate(Decimal("0.34")).cost_of(30 * 60 * 10**9)
    Money(nanos=170000000, currency='USD')
    """

    per_hour: Decimal
    currency: str = "USD"

    def cost_of(self, nanoseconds: int) -> Money:
        """What that long costs, rounded once, half to even, to the nano."""
        numerator, denominator = self.per_hour.as_integer_ratio()
        return Money(
            rounded(numerator * nanoseconds * NANOS_PER_UNIT, denominator * NANOS_PER_HOUR), self.currency
        )


def rounded(numerator: int, denominator: int) -> int:
    """The quotient of two whole numbers, to the nearest whole number, half to even.

    >>> [rounded(n, 2) for n in (1, 3, 5, -1)]
    [0, 2, 2, 0]
    """
    if denominator < 0:
        numerator, denominator = -numerator, -denominator
    whole, rest = divmod(numerator, denominator)
    twice = 2 * rest
    return whole + (twice > denominator or (twice == denominator and whole % 2 == 1))


def exact_decimal(value: str | int | Decimal) -> Decimal:
    """A finite Decimal from a text, an int or a Decimal; never from a float.

    Raises:
        TypeError: it is a float, or nothing like a number.
        ValueError: it is no finite number.
    """
    if isinstance(value, bool) or not isinstance(value, (str, int, Decimal)):
        raise TypeError(f"{value!r} is not an exact number")
    try:
        number = Decimal(value)
    except ArithmeticError as error:
        raise ValueError(f"{value!r} is not a number") from error
    if not number.is_finite():
        raise ValueError(f"{value!r} is not a finite number")
    return number

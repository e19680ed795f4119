"""Files with price lists → looks, and what is stored → a look, for `finops prices import` and `export`."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

from finops.domain.price import Price
from finops.domain.price_list import PriceList
from finops.errors import BrokenInput
from finops.formats import price_list
from pricing.aws_offers import read_offers
from pricing.aws_product import SOURCE

_START = 4096


def lists_in(
    path: Path, *, region: str | None = None, observed_at: datetime | None = None
) -> Iterator[tuple[PriceList, str]]:
    """The looks that a file holds, each with what was left out of it.

    Raises:
        BrokenInput: the file is neither a snapshot nor an offer file, or a broken one.
    """
    with path.open("rb") as file:
        start = file.read(_START)
    if price_list.is_price_list(start):
        if path.stat().st_size > price_list.MAX_BYTES:
            raise BrokenInput(f"{path}: larger than {price_list.MAX_BYTES} bytes")
        yield price_list.read(path.read_bytes(), str(path)), ""
        return
    for fetched in read_offers(path, region=region, observed_at=observed_at):
        moment = fetched.published if observed_at is None else observed_at
        assert moment is not None  # noqa: S101 (an offer file that does not say when was refused)
        yield fetched.listed(SOURCE, moment), "; ".join(map(str, fetched.rejected))


def snapshot(stored: Sequence[Price], at: datetime) -> PriceList:
    """What one list of one region said at a moment, as far as is stored."""
    first = stored[0]
    held = [
        price
        for price in stored
        if price.valid_from <= at and (price.valid_to is None or at < price.valid_to)
    ]
    return PriceList(
        *(first.kind.cloud, first.kind.region, first.source, at),
        prices=tuple(held),
        effective={price.kind: price.valid_from for price in held},
    )

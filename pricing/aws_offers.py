"""AWS's public offer files of EC2, CSV or JSON, read without credentials and without being held in memory.

The rule that must not be broken: a row is judged by the same checks as a document of the Query API, so
that both ways give the same prices. The file of one region has hundreds of megabytes.
"""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, TextIO

from finops.domain.window import parse_moment
from finops.errors import BrokenInput, Incomplete
from pricing.aws_product import BARE_METAL, VIRTUAL, Product, Reason, gathered, read_listed
from pricing.fetched import Fetched, Rejection

# The head of the CSV: two columns each, above the names of the columns.
_HEAD_LINES = 5
_LONGEST_LINE = 64_000
_EARLIEST_JSON = 4096

# Columns of the CSV, and what a document calls the same.
_ATTRIBUTES = {
    "Instance Type": "instanceType",
    "vCPU": "vcpu",
    "Memory": "memory",
    "GPU": "gpu",
    "Tenancy": "tenancy",
    "Operating System": "operatingSystem",
    "License Model": "licenseModel",
    "usageType": "usagetype",
    "operation": "operation",
    "CapacityStatus": "capacitystatus",
    "MarketOption": "marketoption",
    "Pre Installed S/W": "preInstalledSw",
    "Region Code": "regionCode",
    "Location Type": "locationType",
}
_COLUMNS = {
    "SKU",
    "TermType",
    "EffectiveDate",
    "Unit",
    "PricePerUnit",
    "Currency",
    "Product Family",
    *_ATTRIBUTES,
}
_ON_DEMAND = '"OnDemand"'
_FAMILIES = (VIRTUAL, BARE_METAL)

Found = dict[str, list[Product | Rejection]]


def read_offers(
    path: Path, *, region: str | None = None, observed_at: datetime | None = None
) -> list[Fetched]:
    """The prices of every region in an offer file, by region; only one, where it is named.

    Args:
        path: the file, as AWS serves it.
        region: the code of a region; without it, all that the file has.
        observed_at: from when the prices count as known; without it, from when the file was published.

    Raises:
        BrokenInput: it is no offer file, or breaks off.
        Incomplete: it does not say when it was published, and nor does the caller.
    """
    with path.open("rb") as file:
        start = file.read(_EARLIEST_JSON).lstrip(b"\xef\xbb\xbf \r\n\t")
        file.seek(0)
        if start.startswith(b"{"):
            found, published = _read_json(file, path, region, observed_at)
        elif start.startswith((b'"FormatVersion"', b"FormatVersion")):
            with path.open(encoding="utf-8-sig", newline="") as text:
                found, published = _read_csv(text, path, region, observed_at)
        else:
            raise BrokenInput(f"{path}: neither a snapshot of prices nor an offer file of AWS")
    lists = [gathered(name, products) for name, products in sorted(found.items())]
    lists = [each for each in lists if each.prices]
    if not lists:
        raise BrokenInput(f"{path}: it holds no on-demand Linux price{f' of {region}' if region else ''}")
    return [each if each.published else _published(each, published) for each in lists]


def _published(each: Fetched, published: datetime) -> Fetched:
    return replace(each, published=published)


def _moment(path: Path, text: str | None, observed_at: datetime | None) -> datetime:
    if observed_at is not None:
        return observed_at
    if not text:
        raise Incomplete(f"{path}: it does not say when it was published: give --observed-at")
    try:
        return parse_moment(text)
    except (ValueError, OverflowError) as error:
        raise BrokenInput(f"{path}: its publication date: {error}") from None


def _read_csv(
    text: TextIO, path: Path, region: str | None, observed_at: datetime | None
) -> tuple[Found, datetime]:
    head = dict(_pair(path, text.readline(_LONGEST_LINE)) for _ in range(_HEAD_LINES))
    published = _moment(path, head.get("Publication Date"), observed_at)
    columns = next(csv.reader([text.readline(_LONGEST_LINE)]), [])
    if missing := _COLUMNS - set(columns):
        raise BrokenInput(f"{path}: the column {', '.join(sorted(missing))} is missing")
    found: Found = {}
    for line in _lines(text, path):
        # A file has some millions of rows, and most are reservations: those are not even taken apart.
        if _ON_DEMAND not in line:
            continue
        cells = next(csv.reader([line]))
        if len(cells) != len(columns):
            found.setdefault(region or "", []).append(Rejection(Reason.MALFORMED, line[:40]))
            continue
        row = dict(zip(columns, cells, strict=True))
        where = row["Region Code"]
        if row["TermType"] != "OnDemand" or region not in (None, where) or not _is_machine(row, where):
            continue
        found.setdefault(where, []).append(
            _checked(_document_of(row, head), row["Product Family"], where, published)
        )
    return found, published


def _pair(path: Path, line: str) -> tuple[str, str]:
    cells = next(csv.reader([line]), [])
    if len(cells) < 2:  # noqa: PLR2004 - a name and what it says
        raise BrokenInput(f"{path}: its first {_HEAD_LINES} lines are not those of an offer file")
    return cells[0], cells[1]


def _lines(text: TextIO, path: Path) -> Iterator[str]:
    while line := text.readline(_LONGEST_LINE):
        if len(line) == _LONGEST_LINE:
            raise BrokenInput(f"{path}: a line is longer than {_LONGEST_LINE} characters")
        if line.strip():
            yield line


def _is_machine(row: Mapping[str, str], region: str) -> bool:
    # Local and Wavelength Zones have codes of their own and are regions to nobody.
    return row["Product Family"] in _FAMILIES and row["Location Type"] == "AWS Region" and bool(region)


def _document_of(row: Mapping[str, str], head: Mapping[str, str]) -> dict[str, object]:
    """A row as the Query API would write it."""
    attributes = {ours: row[theirs] for theirs, ours in _ATTRIBUTES.items()}
    # What the JSON spells "NA" the CSV may leave empty.
    attributes["preInstalledSw"] = attributes["preInstalledSw"] or "NA"
    dimension = {"unit": row["Unit"], "pricePerUnit": {row["Currency"]: row["PricePerUnit"]}}
    term = {"effectiveDate": row["EffectiveDate"], "priceDimensions": {"only": dimension}}
    return {
        "product": {"productFamily": row["Product Family"], "attributes": attributes, "sku": row["SKU"]},
        "terms": {"OnDemand": {"only": term}},
        "version": head.get("Version", ""),
        "publicationDate": head.get("Publication Date", ""),
    }


def _checked(
    document: Mapping[str, object], family: str, region: str, published: datetime
) -> Product | Rejection:
    return read_listed(document, family=family, region=region, observed_at=published)


def _read_json(
    file: BinaryIO, path: Path, region: str | None, observed_at: datetime | None
) -> tuple[Found, datetime]:
    """Two passes: the products that may be meant, which are few, then the terms of those."""
    import ijson  # noqa: PLC0415 - only this file needs it

    try:
        head = _head(file, ijson)
        published = _moment(path, head.get("publicationDate"), observed_at)
        file.seek(0)
        products = {
            sku: product
            for sku, product in ijson.kvitems(file, "products")
            if isinstance(product, dict) and _is_meant(product, region)
        }
        file.seek(0)
        found: Found = {}
        for sku, terms in ijson.kvitems(file, "terms.OnDemand"):
            if product := products.pop(sku, None):
                where = product["attributes"]["regionCode"]
                document = {"product": product, "terms": {"OnDemand": terms}, **head}
                found.setdefault(where, []).append(
                    _checked(document, product["productFamily"], where, published)
                )
    except (ijson.JSONError, UnicodeDecodeError) as error:
        raise BrokenInput(f"{path}: this is not a whole offer file: {str(error)[:200]}") from None
    for product in products.values():
        where = product["attributes"]["regionCode"]
        found.setdefault(where, []).append(
            Rejection(Reason.NO_TERM, str(product["attributes"].get("instanceType"))[:80])
        )
    return found, published


def _head(file: BinaryIO, ijson: Any) -> dict[str, str]:  # noqa: ANN401 (a module)
    """What stands before the products: when it was published, and as which version."""
    head: dict[str, str] = {}
    for prefix, event, value in ijson.parse(file):
        if prefix in ("publicationDate", "version") and event == "string":
            head[prefix] = value
        if prefix == "products":
            break
    return head


def _is_meant(product: Mapping[str, Any], region: str | None) -> bool:
    """Whether a product may be one of ours: so many are not that they would fill the memory."""
    attributes = product.get("attributes")
    return (
        isinstance(attributes, dict)
        and product.get("productFamily") in _FAMILIES
        and attributes.get("locationType") == "AWS Region"
        and isinstance(attributes.get("regionCode"), str)
        and region in (None, attributes["regionCode"])
        and attributes.get("operatingSystem") == "Linux"
        and attributes.get("tenancy") == "Shared"
        and attributes.get("capacitystatus") == "Used"
    )

"""AWS's Price List Query API on the loopback, in its true wire form, and no better behaved than it.

It speaks JSON 1.1 as botocore's model of the service defines it, refuses what that model refuses, and
ignores filters unless told to heed them. Point a client at it with AWS_ENDPOINT_URL_PRICING.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from types import TracebackType
from typing import Any, Self

import botocore.session
from botocore.validate import ParamValidator

from finops.domain.price import Price

Document = dict[str, Any]

PAGE = 100
ON_DEMAND_TERM, HOURLY_RATE = "JRTCKXETXF", "6YS6EN2CT7"

# What a product of EC2 can be filtered by, as far as anyone asks.
FIELDS = {
    "servicecode",
    "servicename",
    "productFamily",
    "instanceType",
    "instanceFamily",
    "regionCode",
    "location",
    "locationType",
    "availabilityzone",
    "operatingSystem",
    "preInstalledSw",
    "licenseModel",
    "tenancy",
    "capacitystatus",
    "marketoption",
    "usagetype",
    "operation",
    "vcpu",
    "memory",
    "gpu",
    "gpuMemory",
    "storage",
    "currentGeneration",
    "normalizationSizeFactor",
    "physicalProcessor",
}
EFFECTIVE, PUBLISHED, VERSION = "2026-11-01T00:00:00Z", "2026-11-20T19:10:27Z", "20261120191027"


def document(price: Price, *, hourly: str | None = None, **attributes: str) -> Document:
    """A product of the list as AWS writes it, with any of its attributes written otherwise."""
    machine_type = price.kind.machine_type
    sku = sha256(repr((price.id, hourly, attributes)).encode()).hexdigest()[:16].upper()
    gib = Decimal(price.shape.memory_mib) / 1024
    described = {
        "servicecode": "AmazonEC2",
        "servicename": "Amazon Elastic Compute Cloud",
        "instanceType": machine_type,
        "instanceFamily": "Compute optimized",
        "regionCode": price.kind.region,
        "location": "US East (N. Virginia)",
        "locationType": "AWS Region",
        "availabilityzone": "NA",
        "operatingSystem": "Linux",
        "preInstalledSw": "NA",
        "licenseModel": "No License required",
        "tenancy": "Shared",
        "capacitystatus": "Used",
        "marketoption": "OnDemand",
        "usagetype": f"BoxUsage:{machine_type}",
        "operation": "RunInstances",
        "vcpu": str(price.shape.vcpu),
        "memory": f"{gib.normalize():,f} GiB",
        "gpu": str(price.shape.gpu),
        "gpuMemory": "NA",
        "storage": "EBS only",
        "currentGeneration": "Yes",
        "normalizationSizeFactor": "16",
        "physicalProcessor": "Intel Xeon Platinum 8124M",
        **attributes,
    }
    if described["gpu"] == "0":
        del described["gpu"]
    is_metal = ".metal" in machine_type
    amount = f"{price.hourly if hourly is None else Decimal(hourly):.10f}"
    return {
        "product": {
            "productFamily": "Compute Instance (bare metal)" if is_metal else "Compute Instance",
            "attributes": described,
            "sku": sku,
        },
        "serviceCode": "AmazonEC2",
        "terms": {
            "OnDemand": {f"{sku}.{ON_DEMAND_TERM}": _on_demand(sku, {price.currency: amount})},
            "Reserved": {f"{sku}.6QCMYABX3D": _all_upfront(sku)},
        },
        "version": VERSION,
        "publicationDate": PUBLISHED,
    }


def _on_demand(sku: str, amounts: Mapping[str, str]) -> Document:
    code = f"{sku}.{ON_DEMAND_TERM}.{HOURLY_RATE}"
    dimension = {
        "unit": "Hrs",
        "beginRange": "0",
        "endRange": "Inf",
        "description": "per On Demand Linux Instance Hour",
        "appliesTo": [],
        "rateCode": code,
        "pricePerUnit": dict(amounts),
    }
    return {
        "priceDimensions": {code: dimension},
        "sku": sku,
        "effectiveDate": EFFECTIVE,
        "offerTermCode": ON_DEMAND_TERM,
        "termAttributes": {},
    }


def _all_upfront(sku: str) -> Document:
    fee = {"unit": "Quantity", "description": "Upfront Fee", "pricePerUnit": {"USD": "1063"}}
    return {
        "priceDimensions": {f"{sku}.6QCMYABX3D.2TG2D8R56U": fee},
        "sku": sku,
        "effectiveDate": EFFECTIVE,
        "offerTermCode": "6QCMYABX3D",
        "termAttributes": {
            "LeaseContractLength": "1yr",
            "OfferingClass": "standard",
            "PurchaseOption": "All Upfront",
        },
    }


def clean(prices: Iterable[Price]) -> list[Document]:
    """A list of nothing but the prices that are looked for."""
    return [document(price) for price in prices]


def messy(prices: Iterable[Price]) -> list[Document]:
    """The same list as AWS really keeps it: the price looked for among others of the same machine."""
    return [each for price in prices for each in _all_of_one_machine(price)]


def _all_of_one_machine(price: Price) -> Iterator[Document]:
    name = price.kind.machine_type
    dedicated = str(price.hourly * Decimal("1.06"))
    yield document(
        price, hourly="0", capacitystatus="AllocatedCapacityReservation", usagetype=f"Reservation:{name}"
    )
    yield document(price, capacitystatus="UnusedCapacityReservation", usagetype=f"UnusedBox:{name}")
    yield document(price)
    yield document(price, hourly=dedicated, tenancy="Dedicated", usagetype=f"DedicatedUsage:{name}")
    yield document(price, hourly="0", marketoption="CapacityBlock")
    yield document(price, hourly="9.99", operatingSystem="Windows", operation="RunInstances:0002")
    yield document(price, operatingSystem="Windows", licenseModel="Bring your own license")


class FakePriceList:
    """A server of some documents, for as long as it is entered.

    Args:
        documents: what PriceList holds; what is not a text is written as JSON.
        heeds_filters: answers only what the filters of a request match, as the documentation says.
        error: gives the name of the error that the nth request (from 1) gets, if any.
        goes_in_circles: the second page leads back to itself.
        answers_html: as a proxy in between would.
    """

    def __init__(
        self,
        documents: Sequence[Document | str],
        *,
        heeds_filters: bool = False,
        error: Callable[[int], str | None] = lambda _: None,
        goes_in_circles: bool = False,
        answers_html: bool = False,
    ) -> None:
        self.requests: list[Document] = []
        self._documents = [(each, each if isinstance(each, str) else json.dumps(each)) for each in documents]
        self._heeds_filters = heeds_filters
        self._error = error
        self._goes_in_circles = goes_in_circles
        self._answers_html = answers_html
        operation = botocore.session.Session().get_service_model("pricing").operation_model("GetProducts")
        self._shape = operation.input_shape
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def answer(self, target: str, request: Document) -> tuple[int, bytes]:
        """The status and body that a request gets."""
        self.requests.append(request)
        if self._answers_html:
            return 200, b"<html><body>Please sign in</body></html>"
        error = self._error(len(self.requests)) or self._mistake(target, request)
        if error:
            name, _, message = error.partition(": ")
            return 400, json.dumps({"__type": name, "message": message or "as the test wanted"}).encode()
        return 200, json.dumps(self._page(request)).encode()

    def _mistake(self, target: str, request: Document) -> str | None:
        """What AWS would call wrong in a request."""
        if target != "AWSPriceListService.GetProducts":
            return f"UnknownOperationException: {target}"
        report = ParamValidator().validate(request, self._shape)
        if report.has_errors():
            return f"InvalidParameterException: {report.generate_report()}"
        if not 1 <= request.get("MaxResults", PAGE) <= PAGE:
            return "InvalidParameterException: MaxResults"
        types = self._shape.members["Filters"].member.members["Type"].enum
        for each in request.get("Filters", []):
            if each["Type"] not in types or each["Field"] not in FIELDS:
                return f"InvalidParameterException: {each}"
        if not request.get("NextToken", "after-0").startswith("after-"):
            return "InvalidNextTokenException: not a token of ours"
        return None

    def _page(self, request: Document) -> Document:
        found = [text for each, text in self._documents if not self._heeds_filters or _matches(each, request)]
        begin = int(request.get("NextToken", "after-0").removeprefix("after-"))
        end = begin + request.get("MaxResults", PAGE)
        page = {"FormatVersion": "aws_v1", "PriceList": found[begin:end]}
        if self._goes_in_circles and begin:
            return {**page, "NextToken": f"after-{begin}"}
        return {**page, "NextToken": f"after-{end}"} if end < len(found) else page


# How a test asks for a server: the documents first, then how it behaves.
Serve = Callable[..., FakePriceList]


def _matches(each: Document | str, request: Document) -> bool:
    if isinstance(each, str):
        return True
    product = each["product"]
    told = {**product["attributes"], "productFamily": product["productFamily"]}
    return all(told.get(wanted["Field"]) == wanted["Value"] for wanted in request.get("Filters", []))


def _handler(fake: FakePriceList) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status, answer = fake.answer(self.headers.get("X-Amz-Target", ""), json.loads(body))
            self.send_response(status)
            self.send_header("Content-Type", "application/x-amz-json-1.1")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name for it
            """Say nothing."""

    return Handler

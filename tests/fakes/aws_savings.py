"""AWS's Savings Plans on the loopback, as botocore's model of the service says: rest-json, no paginator.

Requests that the model refuses are refused, and an answer that the model does not allow is never given.
"""

import json
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from types import TracebackType
from typing import Any, Self

import botocore.session
from botocore.validate import ParamValidator

Document = dict[str, Any]
YEAR = 365 * 24 * 3600


def rate(
    machine_type: str = "m5.xlarge",
    amount: str = "0.126",
    *,
    plan: str = "Compute",
    payment: str = "No Upfront",
    years: int = 1,
    currency: str = "USD",
    usage: str = "BoxUsage",
    unit: str = "Hrs",
    **properties: str,
) -> Document:
    """A rate as the service writes it."""
    said = {
        "region": "us-east-1",
        "instanceType": machine_type,
        "instanceFamily": machine_type.partition(".")[0],
        "productDescription": "Linux/UNIX",
        "tenancy": "shared",
        **properties,
    }
    return {
        "savingsPlanOffering": {
            "offeringId": "b5c5a0a4-0000-4000-8000-000000000000",
            "paymentOption": payment,
            "planType": plan,
            "durationSeconds": years * YEAR,
            "currency": currency,
            "planDescription": f"{years} year {payment} {plan} Savings Plan",
        },
        "rate": amount,
        "unit": unit,
        "productType": "EC2",
        "serviceCode": "AmazonEC2",
        "usageType": f"{usage}:{machine_type}",
        "operation": "RunInstances",
        "properties": [{"name": name, "value": value} for name, value in said.items()],
    }


class FakeSavingsPlans:
    """A server of some rates, for as long as it is entered; it heeds no filter."""

    def __init__(self, rates: Sequence[Document], *, page: int = 1000, circle: bool = False) -> None:
        self.requests: list[Document] = []
        self._rates, self._page, self._circle = rates, page, circle
        model = botocore.session.Session().get_service_model("savingsplans")
        self._operation = model.operation_model("DescribeSavingsPlansOfferingRates")
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
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

    def answer(self, path: str, request: Document) -> tuple[int, Document]:
        """The status and body that a request gets."""
        self.requests.append(request)
        if path != self._operation.http["requestUri"]:
            return 404, {"message": path}
        report = ParamValidator().validate(request, self._operation.input_shape)
        if report.has_errors():
            return 400, {"__type": "ValidationException", "message": report.generate_report()}
        start = int(request.get("nextToken", "0"))
        body: Document = {"searchResults": self._rates[start : start + self._page]}
        if start + self._page < len(self._rates):
            body["nextToken"] = str(start + self._page)
        elif self._circle:
            body["nextToken"] = str(self._page)
        wrong = ParamValidator().validate(body, self._operation.output_shape)
        assert not wrong.has_errors(), wrong.generate_report()
        return 200, body


def _handler(fake: FakeSavingsPlans) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status, body = fake.answer(self.path, request)
            answer = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name for it
            """Say nothing."""

    return Handler

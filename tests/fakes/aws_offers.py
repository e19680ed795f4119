"""AWS's public offer files as it writes them: the CSV with its columns, the JSON, products before terms."""

import csv
import io
import json
from collections.abc import Iterable
from typing import Any

Document = dict[str, Any]

# The columns of AmazonEC2's index.csv of September 2025, in their order.
COLUMNS = (
    "SKU",
    "OfferTermCode",
    "RateCode",
    "TermType",
    "PriceDescription",
    "EffectiveDate",
    "StartingRange",
    "EndingRange",
    "Unit",
    "PricePerUnit",
    "Currency",
    "RelatedTo",
    "LeaseContractLength",
    "PurchaseOption",
    "OfferingClass",
    "Product Family",
    "serviceCode",
    "Location",
    "Location Type",
    "Instance Type",
    "Current Generation",
    "Instance Family",
    "vCPU",
    "Physical Processor",
    "Clock Speed",
    "Memory",
    "Storage",
    "Network Performance",
    "Processor Architecture",
    "Storage Media",
    "Volume Type",
    "Max Volume Size",
    "Max IOPS/volume",
    "Max IOPS Burst Performance",
    "Max throughput/volume",
    "Provisioned",
    "Tenancy",
    "EBS Optimized",
    "Operating System",
    "License Model",
    "Group",
    "Group Description",
    "Transfer Type",
    "From Location",
    "From Location Type",
    "To Location",
    "To Location Type",
    "usageType",
    "operation",
    "AvailabilityZone",
    "CapacityStatus",
    "ClassicNetworkingSupport",
    "Dedicated EBS Throughput",
    "ECU",
    "Elastic Graphics Type",
    "Enhanced Networking Supported",
    "From Region Code",
    "GPU",
    "GPU Memory",
    "Instance",
    "Instance Capacity - 2xlarge",
    "Instance Capacity - large",
    "instanceSKU",
    "Intel AVX2 Available",
    "Intel AVX Available",
    "Intel Turbo Available",
    "MarketOption",
    "Normalization Size Factor",
    "Physical Cores",
    "Pre Installed S/W",
    "Processor Features",
    "Product Type",
    "Region Code",
    "Resource Type",
    "serviceName",
    "SnapshotArchiveFeeType",
    "To Region Code",
    "Volume API Name",
    "VPCNetworkingSupport",
)
PUBLISHED, VERSION = "2026-11-12T22:53:08Z", "20261112225308"


def as_csv(documents: Iterable[Document], *, software: str = "NA") -> str:
    """The documents as rows, each with its upfront reservation, quoted as AWS quotes: empty cells not."""
    text = io.StringIO()
    text.write(
        '"FormatVersion","v1.0"\n"Disclaimer","This pricing list is for informational purposes only."\n'
    )
    text.write(f'"Publication Date","{PUBLISHED}"\n"Version","{VERSION}"\n"OfferCode","AmazonEC2"\n')
    rows = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
    rows.writerow(COLUMNS)
    for each in documents:
        for row in _rows(each, software):
            text.write(",".join(f'"{cell}"' if cell else "" for cell in row) + "\n")
    return text.getvalue()


def as_json(documents: Iterable[Document]) -> str:
    """The documents as the JSON offer file has them."""
    listed = list(documents)
    return json.dumps(
        {
            "formatVersion": "v1.0",
            "disclaimer": "This pricing list is for informational purposes only.",
            "offerCode": "AmazonEC2",
            "version": VERSION,
            "publicationDate": PUBLISHED,
            "products": {each["product"]["sku"]: each["product"] for each in listed},
            "terms": {
                name: {each["product"]["sku"]: each["terms"][name] for each in listed}
                for name in ("OnDemand", "Reserved")
            },
            "attributesList": {},
        }
    )


def _rows(each: Document, software: str) -> list[list[str]]:
    product, attributes = each["product"], each["product"]["attributes"]
    found = []
    for term_type, terms in each["terms"].items():
        for term in terms.values():
            for code, dimension in term["priceDimensions"].items():
                ((currency, amount),) = dimension["pricePerUnit"].items()
                options = term["termAttributes"]
                said = {
                    "SKU": product["sku"],
                    "OfferTermCode": term["offerTermCode"],
                    "RateCode": code,
                    "TermType": term_type,
                    "PriceDescription": dimension["description"],
                    "EffectiveDate": term["effectiveDate"][:10],
                    "StartingRange": dimension.get("beginRange", ""),
                    "EndingRange": dimension.get("endRange", ""),
                    "Unit": dimension["unit"],
                    "PricePerUnit": amount,
                    "Currency": currency,
                    "LeaseContractLength": options.get("LeaseContractLength", ""),
                    "PurchaseOption": options.get("PurchaseOption", ""),
                    "OfferingClass": options.get("OfferingClass", ""),
                    "Product Family": product["productFamily"],
                    "serviceCode": "AmazonEC2",
                    "Location": attributes["location"],
                    "Location Type": attributes["locationType"],
                    "Instance Type": attributes["instanceType"],
                    "vCPU": attributes["vcpu"],
                    "Memory": attributes["memory"],
                    "Tenancy": attributes["tenancy"],
                    "Operating System": attributes["operatingSystem"],
                    "License Model": attributes["licenseModel"],
                    "usageType": attributes["usagetype"],
                    "operation": attributes["operation"],
                    "CapacityStatus": attributes["capacitystatus"],
                    "GPU": attributes.get("gpu", ""),
                    "MarketOption": attributes["marketoption"],
                    "Pre Installed S/W": software,
                    "Region Code": attributes["regionCode"],
                }
                found.append([said.get(column, "") for column in COLUMNS])
    return found

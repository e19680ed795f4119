"""What the name of a cloud's region implies: its currency, and who answers for its prices."""


def currency_of(cloud: str, region: str) -> str:
    """The currency a region is priced in: China's AWS regions in yuan, all others in dollars.

    >>> currency_of("aws", "cn-north-1"), currency_of("aws", "eu-central-1")
    ('CNY', 'USD')
    """
    return "CNY" if cloud == "aws" and region.startswith("cn-") else "USD"


def price_list_region(region: str) -> str:
    """The AWS region whose Price List endpoint knows a region's prices.

    There are five, and each knows all regions of its partition. The SDK would build an address for
    any region, and most do not exist.

    >>> [price_list_region(region) for region in ("eu-west-1", "us-west-2", "us-gov-west-1", "cn-north-1")]
    ['eu-central-1', 'us-east-1', 'us-east-1', 'cn-northwest-1']
    """
    match region.partition("-")[0]:
        case "cn":
            return "cn-northwest-1"
        case "ap":
            return "ap-south-1"
        case "eu" | "me" | "af":
            return "eu-central-1"
        case "eusc":
            return "eusc-de-east-1"
        case _:
            return "us-east-1"

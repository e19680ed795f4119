"""Units."""

from decimal import Decimal

import pytest

from finops.domain.resource import Resource, shown_quantity


@pytest.mark.parametrize(
    ("resource", "stored", "shown"),
    [
        (Resource.CPU, 3600 * 10**9, "1.000000000"),
        (Resource.MEMORY, 16 * 1024 * 3600, "16.000000000"),
        (Resource.GPU, 1800 * 10**9, "0.500000000"),
    ],
)
def test_quantities_are_shown_in_hours(resource: Resource, stored: int, shown: str) -> None:
    assert shown_quantity(resource, stored) == Decimal(shown)


def test_a_large_quantity_keeps_its_digits() -> None:
    """A thousand machines of a hundred vCPUs for a hundred years."""
    assert shown_quantity(Resource.CPU, 1000 * 100 * 876_000 * 3600 * 10**9) == 1000 * 100 * 876_000

"""Machines and their shapes."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from finops.domain.machine import MachineHours, MachineKind, Shape
from finops.domain.window import hour_of

KIND = MachineKind("aws", "us-east-1", "c5.2xlarge")
ROW = MachineHours("checkout", hour_of(datetime(2026, 11, 2, tzinfo=UTC)), KIND, 1, 1)


@pytest.mark.parametrize(("vcpu", "mib", "gpu"), [("0", 1, "0"), ("1", 0, "0"), ("1", 1, "-1")])
def test_a_machine_has_vcpus_and_memory(vcpu: str, mib: int, gpu: str) -> None:
    with pytest.raises(ValueError, match="is no machine"):
        Shape(Decimal(vcpu), mib, Decimal(gpu))


def test_nothing_runs_for_less_than_no_time() -> None:
    with pytest.raises(ValueError, match="less than no time"):
        replace(ROW, machine_nanos=-1)
    with pytest.raises(ValueError, match="less than no time"):
        replace(ROW, instance_nanos=-1)


@pytest.mark.parametrize("measured", ["-0.1", "NaN", "Infinity"])
def test_a_measurement_is_a_number_from_zero_up(measured: str) -> None:
    with pytest.raises(ValueError, match="is no measurement"):
        replace(ROW, utilisation=Decimal(measured))
    with pytest.raises(ValueError, match="is no measurement"):
        replace(ROW, resident_mib=Decimal(measured))


def test_a_kind_is_read_as_it_is_said() -> None:
    assert str(KIND) == "c5.2xlarge on-demand in aws us-east-1"
    assert (
        str(replace(KIND, purchase_option="spot", zone="us-east-1a")) == "c5.2xlarge spot in aws us-east-1a"
    )

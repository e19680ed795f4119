from datetime import UTC, datetime
from pathlib import Path

from finops.config import MachineRow, load
from finops.domain.ports import FleetSource
from finops.domain.window import hour_of
from finops.fleet import CsvFile, DeclaredMachines, fleet_sources

CONFIG = Path(__file__).parents[2] / "data" / "config"
SIX = hour_of(datetime(2026, 11, 2, 6, tzinfo=UTC))


def test_the_tables_of_the_configuration_are_one_source() -> None:
    rows = [
        MachineRow.model_validate(
            {"service": name, "region": "berlin", "machine_type": "r740", "count": count}
        )
        for name, count in (("checkout", 2), ("search", 3))
    ]
    source: FleetSource = DeclaredMachines("machines", rows)

    assert [(row.service, row.machine_nanos, row.source) for row in source.machine_hours(SIX)] == [
        ("checkout", 2 * SIX.nanoseconds, "machines"),
        ("search", 3 * SIX.nanoseconds, "machines"),
    ]


def test_settings_become_sources_with_the_declared_machines_first() -> None:
    declared, file = fleet_sources(load(CONFIG / "fleet.good.toml", {}))

    assert isinstance(declared, DeclaredMachines)
    assert isinstance(file, CsvFile)
    assert (declared.name, file.name) == ("machines", "cmdb")
    assert {row.service for row in declared.machine_hours(SIX)} == {"checkout", "search"}


def test_no_table_is_no_source() -> None:
    assert fleet_sources(load(CONFIG / "empty.good.toml", {})) == []

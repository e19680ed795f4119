"""How a kind of machine lies in a row: the same six columns in every table that has them."""

from finops.domain.machine import MachineKind
from finops.storage.portable import AnyRow


def kind_columns(kind: MachineKind) -> dict[str, str]:
    """The columns of a kind of machine."""
    return {
        "cloud": kind.cloud,
        "region": kind.region,
        "zone": kind.zone,
        "account": kind.account,
        "machine_type": kind.machine_type,
        "purchase_option": kind.purchase_option,
    }


def machine_kind(row: AnyRow) -> MachineKind:
    """The kind of machine that a row speaks of."""
    return MachineKind(
        cloud=row.cloud,
        region=row.region,
        zone=row.zone,
        account=row.account,
        machine_type=row.machine_type,
        purchase_option=row.purchase_option,
    )

"""The bundled catalogue: list prices that need no network. Every figure carries the date it was true on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import cached_property
from hashlib import sha256
from pathlib import Path

from finops.domain.machine import MachineKind, Shape
from finops.domain.price import Price
from finops.errors import BrokenInput, NotFound
from pricing.book import in_force

BUNDLED = Path(__file__).parent / "data" / "aws-us-east-1.tsv"
FORMAT = "flamebill-catalogue/1"
COLUMNS = ("machine_type", "vcpu", "memory_mib", "gpu", "hourly", "valid_from", "note")

_UNTIL = "until "
_DERIVED = "derived from "
# Far longer than any machine type: what is longer is not worth a search for its neighbours.
_LONGEST_NAME = 64


@dataclass(frozen=True, slots=True)
class _File:
    """A catalogue file, checked against its own digest; a row is still text, by its machine type."""

    head: Mapping[str, str]
    unpriced: Mapping[str, str]
    rows: Mapping[str, Sequence[Sequence[str]]]


class Catalogue:
    """On-demand Linux prices of one region, as a source, as a book, and by machine type.

    The file is read when first asked, and only the rows asked for become prices. A type whose listed
    price was corrected is an estimate; a type whose shape nobody knows is in `unpriced` with the reason.

    >>> price = Catalogue().machine("c5.2xlarge")
    >>> print(price.hourly, price.shape.vcpu, price.shape.memory_mib, price.valid_from.date())
    0.34 8 16384 2022-07-05
    """

    name = "catalogue"

    def __init__(self, path: Path = BUNDLED) -> None:
        self._path = path
        self._known: dict[str, list[Price]] = {}

    @property
    def region(self) -> str:
        """The region whose prices it holds."""
        return self._file.head["region"]

    @property
    def as_of(self) -> datetime:
        """The day its figures were last compared with the list."""
        return _day(self._file.head["as_of"])

    @property
    def title(self) -> str:
        """What its prices are and of when, to be shown beside them."""
        head = self._file.head
        return f"{head['cloud']} {head['region']} {head['what']}, as of {head['as_of']}"

    @property
    def origin(self) -> str:
        """Where the figures come from, with what they may be used for."""
        return f"{self._file.head['origin']}; {self._file.head['licence']}"

    @property
    def unpriced(self) -> Mapping[str, str]:
        """The types that exist and have no price here, each with the reason."""
        return self._file.unpriced

    def prices(self, regions: Sequence[str]) -> list[Price]:
        """All it states, with the prices that ended, if its region is among those named, or none is."""
        if regions and self.region not in regions:
            return []
        return [price for machine_type in self._file.rows for price in self._held(machine_type)]

    def current(self) -> list[Price]:
        """The prices now in force, one for each machine type."""
        return [self._held(machine_type)[-1] for machine_type in self._file.rows]

    def find(self, kind: MachineKind, at: datetime) -> Price | None:
        """The on-demand price in force, in any zone and for any account."""
        here = (self._file.head["cloud"], self.region, "on_demand")
        if (kind.cloud, kind.region, kind.purchase_option) != here:
            return None
        return in_force(self._held(kind.machine_type), at)

    def held(self, machine_type: str) -> Sequence[Price]:
        """All prices of a type, in order of time; none of one that it does not know."""
        return self._held(machine_type)

    def machine(self, machine_type: str, region: str = "us-east-1") -> Price:
        """The price now in force of a machine type.

        Raises:
            NotFound: the catalogue has no price of it; the message says why, or which names are close.
        """
        if region == self.region and machine_type in self._file.rows:
            return self._held(machine_type)[-1]
        raise NotFound(self._why_not(machine_type[:_LONGEST_NAME], region))

    def shape(self, machine_type: str) -> Shape:
        """What a machine of a type has.

        Raises:
            NotFound: as `machine`.
        """
        return self.machine(machine_type, self.region).shape

    def note(self, machine_type: str) -> str:
        """What is to be said of a type's present price, as "derived from c6g.16xlarge"; mostly nothing."""
        rows = self._file.rows.get(machine_type)
        return rows[-1][-1] if rows else ""

    @cached_property
    def _file(self) -> _File:
        return _read(self._path)

    def _held(self, machine_type: str) -> Sequence[Price]:
        """All prices of a type, in order of time."""
        if machine_type not in self._file.rows:
            return ()
        if machine_type not in self._known:
            rows = self._file.rows[machine_type]
            self._known[machine_type] = [self._price(row) for row in rows]
        return self._known[machine_type]

    def _price(self, row: Sequence[str]) -> Price:
        machine_type, vcpu, memory_mib, gpu, hourly, valid_from, note = row
        return Price(
            kind=MachineKind(self._file.head["cloud"], self.region, machine_type),
            currency=self._file.head["currency"],
            hourly=Decimal(hourly),
            shape=Shape(Decimal(vcpu), int(memory_mib), Decimal(gpu)),
            valid_from=_day(valid_from),
            valid_to=_day(note.removeprefix(_UNTIL)) if note.startswith(_UNTIL) else None,
            source=self.name,
            as_of=self.as_of,
            is_estimate=note.startswith(_DERIVED),
        )

    def _why_not(self, machine_type: str, region: str) -> str:
        if region != self.region:
            return f"{machine_type} in {region}: the bundled catalogue ({self.title}) has no other region"
        why = self.unpriced.get(machine_type)
        more = f": {why}" if why else self._close(machine_type)
        return f"{machine_type}: no price in the bundled catalogue ({self.title}){more}"

    def _close(self, machine_type: str) -> str:
        from difflib import get_close_matches  # noqa: PLC0415 - a price that is found must not pay for it

        names = get_close_matches(machine_type.strip().lower(), self._file.rows)
        return f"; did you mean {' or '.join(names)}?" if names else ""


def _read(path: Path) -> _File:
    """A catalogue file.

    Raises:
        BrokenInput: it is of another format, or not what its digest says.
    """
    head: dict[str, str] = {}
    comments, columns, body = path.read_text(encoding="utf-8").partition("\t".join(COLUMNS) + "\n")
    for line in comments.splitlines():
        key, _, value = line.removeprefix("# ").partition(": ")
        head[key] = value
    if not columns or head.get("format") != FORMAT:
        raise BrokenInput(f"{path.name}: not a catalogue of the format {FORMAT}")
    rows: dict[str, list[Sequence[str]]] = {}
    for line in body.splitlines():
        row = line.split("\t")
        rows.setdefault(row[0], []).append([*row, ""] if len(row) < len(COLUMNS) else row)
    if head["sha256"] != sha256(body.encode()).hexdigest() or int(head["rows"]) != body.count("\n"):
        raise BrokenInput(f"{path.name}: its rows are not those that its head counts and digests")
    unpriced = {
        key.removeprefix("unpriced "): head.pop(key) for key in list(head) if key.startswith("unpriced ")
    }
    return _File(head, unpriced, rows)


def _day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)

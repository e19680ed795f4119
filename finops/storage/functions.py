"""Functions, each stored once. The digest of its raw name and file is the key on which writers agree."""

from collections.abc import Collection, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from finops.domain.function import Function, digest
from finops.errors import StorageError
from finops.storage.portable import batches, insert_missing
from finops.storage.tables import FunctionRow


def intern(session: Session, functions: Sequence[Function]) -> list[int]:
    """The ids of functions, in the order given; those not met before are added.

    Two writers that meet a function at once agree on one id. Missing functions are added in the order
    of their digests, so that such writers wait for each other instead of deadlocking.
    """
    keys = [digest(function) for function in functions]
    wanted = dict(zip(keys, functions, strict=True))
    known = _ids(session, wanted)
    missing = sorted(wanted.keys() - known.keys())
    if missing:
        rows = [{"digest": key, **wanted[key]._asdict(), "normalised": None} for key in missing]
        insert_missing(session, FunctionRow, rows)
        known |= _ids(session, missing)
    return [known[key] for key in keys]


def by_id(session: Session, ids: Collection[int]) -> dict[int, Function]:
    """The functions of ids.

    Raises:
        StorageError: an id is not one of this database.
    """
    found: dict[int, Function] = {}
    for batch in batches(ids):
        query = select(FunctionRow.id, FunctionRow.name, FunctionRow.file).where(FunctionRow.id.in_(batch))
        found.update({id_: Function(name, file) for id_, name, file in session.execute(query)})
    if unknown := set(ids) - found.keys():
        raise StorageError(f"function {min(unknown)} is not in the database, though it is referred to")
    return found


def _ids(session: Session, digests: Collection[bytes]) -> dict[bytes, int]:
    found: dict[bytes, int] = {}
    for batch in batches(digests):
        query = select(FunctionRow.digest, FunctionRow.id).where(FunctionRow.digest.in_(batch))
        found.update((key, id_) for key, id_ in session.execute(query))
    return found

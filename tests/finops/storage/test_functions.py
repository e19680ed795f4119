"""Functions, each stored once."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from finops.domain.function import Function
from finops.errors import StorageError
from finops.storage import database, functions
from finops.storage.tables import FunctionRow

MAIN = Function("main", "main.go")


def test_a_function_has_one_id_and_comes_back_by_it(session: Session) -> None:
    parse = Function("parse", "json.py")

    first = functions.intern(session, [MAIN, parse, MAIN])
    again = functions.intern(session, [parse, MAIN])

    assert first == [again[1], again[0], again[1]]
    assert functions.by_id(session, first) == {first[0]: MAIN, first[1]: parse}


def test_one_name_in_two_files_is_two_functions(session: Session) -> None:
    assert len(set(functions.intern(session, [Function("f", "a"), Function("f", "b")]))) == 2


@pytest.mark.parametrize("name", ["", "\x00", "a\x00b", "\udfff\ud800", "\ufffd0000", "名"])
def test_a_hostile_name_is_kept_as_it_is(session: Session, name: str) -> None:
    function = Function(name, f"/{name}.c")
    id_, *others = functions.intern(session, [function, Function("\ufffd", ""), Function("\x00", "")])

    assert functions.by_id(session, [id_]) == {id_: function}
    assert id_ not in others


def test_more_functions_than_an_in_list_takes(session: Session) -> None:
    many = [Function(f"f{number}", "") for number in range(1201)]

    ids = functions.intern(session, many)

    assert len(set(ids)) == len(many)
    assert functions.by_id(session, ids) == dict(zip(ids, many, strict=True))


def test_an_id_that_nobody_gave_is_an_error(session: Session) -> None:
    with pytest.raises(StorageError, match="function 7 is not in the database"):
        functions.by_id(session, [7])


def test_writers_at_once_agree(shared: Engine) -> None:
    many = [Function(f"f{number}", "") for number in range(300)]
    sessions = database.sessions(shared)

    def write(turn: int) -> list[int]:
        mine = many if turn % 2 else many[::-1]
        with sessions.begin() as session:
            ids = functions.intern(session, mine)
        return ids if turn % 2 else ids[::-1]

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(write, range(8)))

    assert all(ids == found[0] for ids in found)
    with sessions() as session:
        assert session.scalars(select(func.count()).select_from(FunctionRow)).one() == len(many)

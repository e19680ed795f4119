"""Run the migrations: on the connection given, or, to write a revision, on one opened here."""

import os
from typing import Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import Connection, create_engine
from sqlalchemy.types import TypeDecorator

from finops.storage.tables import Base


def plainly(kind: str, item: object, _: AutogenContext) -> str | Literal[False]:
    """Spell column types without the project's own classes: an old revision must not need them."""
    if kind == "type" and isinstance(item, TypeDecorator):
        return f"sa.{item.impl_instance!r}"
    return False


def run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_item=plainly,
        render_as_batch=True,  # SQLite cannot alter a column in place
        compare_server_default=True,
    )
    with context.begin_transaction():
        context.run_migrations()


given = context.config.attributes.get("connection")
if given is not None:  # finops db upgrade, and the tests
    run(given)
else:  # the bare `alembic` command, used only to write a revision
    url = os.environ.get("FINOPS__DATABASE__URL", "sqlite:///finops.db")
    with create_engine(url).begin() as opened:
        run(opened)

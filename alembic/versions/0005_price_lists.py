"""Looks at price lists, what they said, fits of splits, and rates of exchange.

Revision: 0005
Follows: 0004
Made: 2026-12-01
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "fx_rates",
        sa.Column("base", sa.String(length=3), nullable=False),
        sa.Column("quote", sa.String(length=3), nullable=False),
        sa.Column("day", sa.DateTime(timezone=True), nullable=False),
        sa.Column("source", sa.String(length=100), nullable=False),
        sa.Column("rate", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("base", "quote", "day", "source", name=op.f("pk_fx_rates")),
    )
    op.create_table(
        "price_imports",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("source", sa.String(length=100), nullable=False),
        sa.Column("cloud", sa.String(length=100), nullable=False),
        sa.Column("region", sa.String(length=100), nullable=False),
        sa.Column("observed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.String(length=100), nullable=False),
        sa.Column("reasons", sa.Text(), nullable=False),
        sa.Column("left_out", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("published", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.String(length=100), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_price_imports")),
    )
    with op.batch_alter_table("price_imports", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_price_imports_source_region_cloud_observed_at"),
            ["source", "region", "cloud", "observed_at"],
            unique=False,
        )

    op.create_table(
        "price_lists",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_price_lists")),
    )
    op.create_table(
        "split_fits",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("cloud", sa.String(length=100), nullable=False),
        sa.Column("region", sa.String(length=100), nullable=False),
        sa.Column("generation", sa.String(length=100), nullable=False),
        sa.Column("source", sa.String(length=100), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("vcpu_hourly", sa.Text(), nullable=False),
        sa.Column("gib_hourly", sa.Text(), nullable=False),
        sa.Column("residual", sa.Text(), nullable=False),
        sa.Column("prices", sa.Integer(), nullable=False),
        sa.Column("refused", sa.Text(), nullable=False),
        sa.Column("fitted_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_split_fits")),
        sa.UniqueConstraint(
            "cloud",
            "region",
            "generation",
            "source",
            "fitted_at",
            name=op.f("uq_split_fits_cloud_region_generation_source_fitted_at"),
        ),
    )
    with op.batch_alter_table("prices", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_prices_price_id"))


def downgrade() -> None:
    with op.batch_alter_table("prices", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_prices_price_id"), ["price_id"], unique=False)

    op.drop_table("split_fits")
    op.drop_table("price_lists")
    with op.batch_alter_table("price_imports", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_price_imports_source_region_cloud_observed_at"))

    op.drop_table("price_imports")
    op.drop_table("fx_rates")

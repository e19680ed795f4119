"""What was refused of an hour's profiles is kept, so that its charges can say why.

Revision: 0002
Follows: 0001
Made: 2026-12-01
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "refused_profiles",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("service", sa.String(length=1000), nullable=False),
        sa.Column("window_start", sa.DateTime(timezone=True), nullable=False),
        sa.Column("window_end", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(length=100), nullable=False),
        sa.Column("source", sa.String(length=100), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("superseded_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refused_profiles")),
    )
    op.create_index(
        op.f("ix_refused_profiles_window_start_source"), "refused_profiles", ["window_start", "source"]
    )


def downgrade() -> None:
    op.drop_index(op.f("ix_refused_profiles_window_start_source"), table_name="refused_profiles")
    op.drop_table("refused_profiles")

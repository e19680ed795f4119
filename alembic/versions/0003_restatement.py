"""Who restated a window and when it was last written; what services were described as before.

Revision: 0003
Follows: 0002
Made: 2026-12-01

A release that knows neither column goes on writing beside this one: it leaves both null.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("ledger_windows", sa.Column("restated_by", sa.Text(), nullable=True))
    op.add_column("ledger_windows", sa.Column("written_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_ledger_windows_restated",
        "ledger_windows",
        ["window_start"],
        unique=False,
        sqlite_where=sa.text("ledger_version > 1"),
        postgresql_where=sa.text("ledger_version > 1"),
    )
    op.create_table(
        "past_services",
        sa.Column("name", sa.String(length=1000), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("team", sa.Text(), nullable=False),
        sa.Column("cost_centre", sa.Text(), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("is_claimed", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("name", "until", name=op.f("pk_past_services")),
    )
    # The latest run that wrote the day of a window ended no earlier than that window was last written.
    op.execute(
        """
        UPDATE ledger_windows SET written_at = (
            SELECT max(job_runs.finished_at) FROM job_runs
            WHERE job_runs.job = 'attribute_costs' AND job_runs.outcome = 'ok'
            AND job_runs.scope = ledger_windows.service
            AND job_runs.window_start <= ledger_windows.window_start
            AND job_runs.window_end >= ledger_windows.window_end
        )
        """
    )


def downgrade() -> None:
    op.drop_table("past_services")
    op.drop_index("ix_ledger_windows_restated", table_name="ledger_windows")
    with op.batch_alter_table("ledger_windows", schema=None) as batch_op:
        batch_op.drop_column("written_at")
        batch_op.drop_column("restated_by")

"""what is queued or running is found without reading every run

Revision: 0002_workers
Follows: 0001
Made: 2026-12-01 02:35:00
"""

from alembic import op

revision = "0002_workers"
down_revision = "0001"


def upgrade() -> None:
    with op.batch_alter_table("job_runs", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_job_runs_outcome_id"), ["outcome", "id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("job_runs", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_job_runs_outcome_id"))

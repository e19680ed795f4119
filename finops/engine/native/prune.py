"""The frames that a profile asks to leave out. Few files do; those that do not are not looked into."""

from finops.engine.columns import Columns


def prune(columns: Columns) -> Columns:
    """The profile without the frames that its drop_frames names; see the plain engine's `prune`."""
    if not columns.drop_frames:
        return columns
    from finops.engine.plain import prune as plainly  # noqa: PLC0415 - with numpy, which only this needs

    return plainly.prune(columns)


def prune_refusal(columns: Columns) -> str | None:
    """Why `prune` does not do what a profile asks for; None where it does, or nothing is asked."""
    if not columns.drop_frames:
        return None
    from finops.engine.plain import prune as plainly  # noqa: PLC0415

    return plainly.prune_refusal(columns)

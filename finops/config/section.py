"""A table of the file: unknown keys are errors, and values never change after loading."""

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A table whose keys are its fields. Defaults are checked like values, so that paths in them resolve."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)

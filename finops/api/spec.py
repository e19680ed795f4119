"""The OpenAPI document, and the base of every schema of the API."""

from pydantic import BaseModel, ConfigDict
from spectree import SpecTree

from finops.api.problems import Problem, on_invalid


class Schema(BaseModel):
    """A document or a query of the API: unknown keys and parameters are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid")


spec = SpecTree(
    "flask",
    title="Flamebill",
    version="1",
    path="openapi",  # no route of the API may live below this path: it would be left out
    filename="v1.json",  # the document is served at /openapi/v1.json
    mode="strict",
    page_templates={},  # the UI pages load from a CDN
    naming_strategy=lambda model: model.__name__,  # else each schema name gets a hash
    nested_naming_strategy=lambda _parent, child: child,
    before=on_invalid,
    validation_error_model=Problem,
)

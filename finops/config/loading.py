"""config.toml and the environment to Settings; nothing else reads either."""

import tomllib
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from finops.config.mistakes import Mistake, listed, mistakes
from finops.config.settings import Settings
from finops.errors import ConfigError

_PREFIX = "FINOPS__"

# Tables that stand in the file several times: a variable's name cannot say which is meant.
_ARRAYS = ("services", "fleet", "sources", "prices.fixed")


def load(path: Path, environ: Mapping[str, str]) -> Settings:
    """Settings from a TOML file, overlaid by variables: FINOPS__DATABASE__URL is `url` of `[database]`.

    Relative paths are meant from the folder of the file.

    Raises:
        ConfigError: the file is missing or no TOML, or something in it or in a variable is wrong;
            every mistake is named with its place.
    """
    tables = _tables(path)
    origins, found = _overlay(tables, environ)
    try:
        settings = Settings.model_validate(tables, context={"folder": path.absolute().parent})
    except ValidationError as error:
        found += [_with_origin(mistake, origins) for mistake in mistakes(error)]
    if found:
        # Not "from error": pydantic's own text would show the values that are kept out of ours.
        raise ConfigError(f"{path} cannot be used:\n{listed(found)}") from None
    return settings


def _tables(path: Path) -> dict[str, Any]:
    """The file as it stands. Tables with paths are there even if the file leaves them out."""
    try:
        with path.open("rb") as file:
            return {"database": {}, "blobs": {}} | tomllib.load(file, parse_float=Decimal)
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file; copy config.example.toml to begin") from None
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error
    except (ValueError, ArithmeticError) as error:
        raise ConfigError(f"{path}: this is not TOML: {error}") from error


def _overlay(tables: dict[str, Any], environ: Mapping[str, str]) -> tuple[dict[str, str], list[Mistake]]:
    """Put the variables into the tables; gives which place came from which, and what fits nowhere."""
    origins: dict[str, str] = {}
    refused = []
    for name in sorted(environ):
        if name.startswith(_PREFIX):
            place = name.removeprefix(_PREFIX).lower().replace("__", ".")
            if why := _put(tables, place, environ[name]):
                refused.append(Mistake(name, why))
            origins[place] = name
    return origins, refused


def _put(tables: dict[str, Any], place: str, value: str) -> str | None:
    """Set one key; gives why that cannot be."""
    for array in _ARRAYS:
        if place == array or place.startswith(f"{array}."):
            return f"a variable cannot reach into [[{array}]]; write it into the file"
    *path, key = place.split(".")
    for part in path:
        tables = tables.setdefault(part, {})
        if not isinstance(tables, dict):
            return f"{part} is not a table"
    tables[key] = value
    return None


def _with_origin(mistake: Mistake, origins: Mapping[str, str]) -> Mistake:
    """A mistake that came from a variable says so."""
    origin = origins.get(mistake.place)
    return Mistake(mistake.place, f"{mistake.message} (from {origin})") if origin else mistake

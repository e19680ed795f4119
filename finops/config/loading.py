"""config.toml and the environment to Settings; nothing else reads either."""

import tomllib
from collections.abc import Iterable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from finops.config.mistakes import Mistake, listed, mistakes
from finops.config.settings import Settings
from finops.errors import ConfigError

# A device never ends.
_MAX_BYTES = 4 << 20

_PREFIX = "FINOPS__"

# Tables that stand in the file several times: a variable's name cannot say which is meant.
_ARRAYS = ("services", "fleet", "sources", "prices.fixed", "prices.negotiated")


def load(path: Path, environ: Mapping[str, str]) -> Settings:
    """Settings from a TOML file, overlaid by variables: FINOPS__DATABASE__URL is `url` of `[database]`.

    Relative paths are meant from the folder of the file.

    Raises:
        ConfigError: the file is missing or no TOML, or something in it or in a variable is wrong;
            every mistake is named with its place.
    """
    settings, found = examine(path, environ)
    if found:
        raise ConfigError(refusal(path, found))
    return settings


def examine(path: Path, environ: Mapping[str, str]) -> tuple[Settings, list[Mistake]]:
    """The settings of those tables that have no mistake in them, and every mistake.

    They are for a look at what the tables name, and for nothing else: where a table is left out, its
    defaults stand, and its name is not in `model_fields_set`.

    Raises:
        ConfigError: the file is missing or no TOML.
    """
    tables = _tables(path)
    origins, found = _overlay(tables, environ)
    context = {"folder": path.absolute().parent}
    try:
        settings = Settings.model_validate(tables, context=context)
        return settings, [*found, *settings.disagreements()]
    except ValidationError as error:
        found += [_with_origin(mistake, origins) for mistake in mistakes(error)]
        tables = _without(tables, _places(error))
    while True:  # leaving out one table can be another's mistake; each round leaves out more
        try:
            return Settings.model_validate(tables, context=context), found
        except ValidationError as error:
            tables = _without(tables, _places(error))


def refusal(path: Path, found: Iterable[Mistake]) -> str:
    """The message that a configuration is refused with."""
    return f"{path} cannot be used:\n{listed(found)}"


def _tables(path: Path) -> dict[str, Any]:
    """The file as it stands. Tables with paths are there even if the file leaves them out."""
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_BYTES + 1)
        if len(data) > _MAX_BYTES:
            raise ConfigError(f"{path}: larger than {_MAX_BYTES} bytes, which no configuration is")
        return {"database": {}, "blobs": {}} | tomllib.loads(data.decode(), parse_float=Decimal)
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
    below = (name for place, name in origins.items() if place.startswith(f"{mistake.place}."))
    origin = origins.get(mistake.place) or next(below, None)
    return Mistake(mistake.place, f"{mistake.message} (from {origin})") if origin else mistake


def _places(error: ValidationError) -> list[tuple[str | int, ...]]:
    return [detail["loc"] for detail in error.errors(include_url=False, include_input=False)]


def _without(tables: Mapping[str, Any], places: Iterable[tuple[str | int, ...]]) -> dict[str, Any]:
    """The tables without those that hold a place: one of an array of them, else the whole."""
    left = dict(tables)
    for name, lost in _lost(places).items():
        if None in lost:
            del left[name]
        else:
            left[name] = [table for number, table in enumerate(left[name]) if number not in lost]
    return left


def _lost(places: Iterable[tuple[str | int, ...]]) -> dict[str, set[int | None]]:
    """By table, the numbers of those of an array that hold a place; None for the whole."""
    lost: dict[str, set[int | None]] = {}
    for name, *rest in places:
        number = rest[0] if rest and name in _ARRAYS else None
        lost.setdefault(str(name), set()).add(number if isinstance(number, int) else None)
    return lost

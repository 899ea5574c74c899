"""Loads settings from `config/project.yaml`, the environment and `.env`."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError
from pydantic_settings import DotEnvSettingsSource
from pydantic_settings.exceptions import SettingsError as SourceSettingsError
from yaml import YAMLError

from ._redaction import hide_secrets
from ._settings import CONFIG, ENV_PREFIX, SECTIONS, Settings
from ._settings_errors import message_of, yaml_reason
from ._variable_names import mistaken_key
from .errors import SettingsError

DOTENV = Path(".env")

SettingsType = TypeVar("SettingsType", bound=Settings)


def load_settings(
    root: Path,
    kind: type[SettingsType] = Settings,  # type: ignore[assignment]
    *,
    prefix: str = ENV_PREFIX,
    **overrides: object,
) -> SettingsType:
    """Read the settings of the project at `root`.

    Args:
        root: the folder that holds `config/`.
        kind: the project's class of settings.
        prefix: prefix of the environment variables that override the file.
        overrides: top-level keys that win over the environment and the file.

    Raises:
        SettingsError: if the file is missing, or a key is unknown or of the wrong type.
    """
    root = root.resolve()
    if not (root / CONFIG).is_file():
        raise SettingsError(
            f"there is no {CONFIG} in {root}: run from the project's root, or set {prefix}ROOT to "
            "it"
        )
    variables = _variables(root)
    _check_names(variables, kind, prefix)
    variables = {name: at for name, at in variables.items() if name.startswith(prefix.upper())}
    for name, (_, value) in variables.items():
        key = name.removeprefix(prefix.upper()).lower().replace("__", ".")
        hide_secrets({key: value}, SECTIONS)
    try:
        return kind(
            _env_prefix=prefix,  # type: ignore[call-arg]
            _env_file=root / DOTENV,
            root=root,
            **overrides,  # type: ignore[arg-type]
        )
    except YAMLError as error:
        raise SettingsError(f"{CONFIG} is not valid YAML: {yaml_reason(error)}") from None
    except SourceSettingsError as error:
        raise SettingsError(_invalid_json(error, variables)) from error
    except ValidationError as error:
        origins = {name: origin for name, (origin, _) in variables.items()}
        text = (root / CONFIG).read_text(encoding="utf-8")
        raise SettingsError(
            message_of(error, kind, file=str(CONFIG), text=text, prefix=prefix, variables=origins)
        ) from error


def _variables(root: Path) -> dict[str, tuple[str, str]]:
    """All variables by their name in capitals: where they are set, and the value."""
    dotenv = DotEnvSettingsSource(Settings, env_file=root / DOTENV).env_vars
    sources: dict[str, Mapping[str, str | None]] = {
        f"{DOTENV}:": dotenv,
        "environment variable": os.environ,
    }
    return {
        name.upper(): (origin, value or "")
        for origin, values in sources.items()
        for name, value in values.items()
    }


def _check_names(
    variables: Mapping[str, tuple[str, str]], kind: type[Settings], prefix: str
) -> None:
    """Raise SettingsError for a variable that overrides no key; pydantic-settings ignores those."""
    for name, (origin, _) in variables.items():
        if (key := mistaken_key(name, kind, prefix.upper())) is not None:
            hint = f"; did you mean {key}?" if key else ""
            raise SettingsError(f"{origin} {name} overrides no key of {CONFIG}{hint}")


def _invalid_json(error: SourceSettingsError, variables: Mapping[str, tuple[str, str]]) -> str:
    """Which variable should be JSON; its value is not shown, as it may hold a secret."""
    invalid = getattr(error.__cause__, "doc", None)
    names = [f"{origin} {name}" for name, (origin, value) in variables.items() if value == invalid]
    return f"{names[0] if names else error}: lists and sections are written as JSON, e.g. '[\"a\"]'"

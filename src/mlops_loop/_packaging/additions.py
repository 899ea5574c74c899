"""Adding a dependency: a package, or an extra of the library."""

import re

from ..errors import InputError
from .environment import Environment
from .vendored import VendoredLibrary
from .wheel_file import DISTRIBUTION

# Extras for training; the others are for serving.
_TRAINING_EXTRAS = ("catboost", "lightgbm", "pytorch", "tensorflow", "xgboost")


def add(environment: Environment, package: str, group: str | None = None) -> str:
    """Add a dependency to the project, lock it and install it.

    Args:
        environment: environment of the project.
        package: an extra of the library, e.g. lightgbm, or a package as for `poetry add`.
        group: dependency group in pyproject.toml; by default `main`, for a library of models
            `train`.

    Returns:
        A message about the change.
    """
    library = VendoredLibrary(environment.root)
    if package not in library.wheel.extras:
        if not package:
            raise InputError("name a package, or an extra of the library, e.g. lightgbm")
        environment.poetry("add", *(["--group", group] if group else []), package)
        return f"{package} is a dependency"
    group = group or ("train" if package in _TRAINING_EXTRAS else "main")
    pyproject = environment.root / "pyproject.toml"
    with library.restored_on_error():
        text = with_extra(pyproject.read_text(encoding="utf-8"), package, group)
        pyproject.write_text(text, encoding="utf-8", newline="\n")
        environment.poetry("lock")
        environment.install()
    return f"the group {group} has the extra {package} of the library"


def with_extra(text: str, extra: str, group: str) -> str:
    """Add an extra of the library to a group of a pyproject.toml.

    Raises:
        InputError: if the group does not name the library on one line, with extras.
    """
    table = "dependencies" if group == "main" else f"group.{group}.dependencies"
    pattern = re.compile(
        rf"(^\[tool\.poetry\.{re.escape(table)}\]\n(?:(?!\[).*\n)*?"
        rf"{DISTRIBUTION} = .*extras = \[)(.*?)(\])",
        re.MULTILINE,
    )
    entry = pattern.search(text)
    if entry is None:
        raise InputError(
            f"[tool.poetry.{table}] does not name {DISTRIBUTION} with extras: "
            f'add "{extra}" to its extras by hand, and run `make lock install`'
        )
    extras = [each.strip() for each in entry[2].split(",") if each.strip()]
    if f'"{extra}"' in extras:
        raise InputError(f"the group {group} has the extra {extra} already")
    return text[: entry.start(2)] + ", ".join([*extras, f'"{extra}"']) + text[entry.end(2) :]

"""Adding a dependency: a package, or an extra of the library."""

import re

from ..errors import InputError
from .environment import Environment
from .vendored import VendoredLibrary
from .wheel_file import DISTRIBUTION

# Modelling libraries are for training; the other extras that a project may add are for serving.
_OF_TRAINING = ("catboost", "lightgbm", "pytorch", "tensorflow", "xgboost")


def add(environment: Environment, package: str, group: str | None = None) -> str:
    """Add a dependency to the project, lock it and install it.

    Args:
        environment: environment of the project.
        package: an extra of the library, e.g. lightgbm; else a package, as `poetry add` takes it.
        group: dependency group in pyproject.toml; by default `main`, for a library of models
            `train`.

    Returns:
        A sentence about what was done.
    """
    library = VendoredLibrary(environment.root)
    if package not in library.wheel.extras:
        if not package:
            raise InputError("name a package, or an extra of the library, e.g. lightgbm")
        environment.poetry("add", *(["--group", group] if group else []), package)
        return f"{package} is a dependency"
    group = group or ("train" if package in _OF_TRAINING else "main")
    pyproject = environment.root / "pyproject.toml"
    with library.restored_on_error():
        text = with_extra(pyproject.read_text(encoding="utf-8"), package, group)
        pyproject.write_text(text, encoding="utf-8", newline="\n")
        environment.poetry("lock")
        environment.install()
    return f"the group {group} has the extra {package} of the library"


def with_extra(text: str, extra: str, group: str) -> str:
    """A pyproject.toml in which a group asks for one more extra of the library.

    Raises:
        InputError: if the group does not name the library on one line, with extras.
    """
    table = "dependencies" if group == "main" else f"group.{group}.dependencies"
    pattern = re.compile(
        rf"(^\[tool\.poetry\.{re.escape(table)}\]\n(?:(?!\[).*\n)*?"
        rf"{DISTRIBUTION} = .*extras = \[)(.*?)(\])",
        re.MULTILINE,
    )
    found = pattern.search(text)
    if found is None:
        raise InputError(
            f"[tool.poetry.{table}] does not name {DISTRIBUTION} with extras: "
            f'add "{extra}" to its extras by hand, and run `make lock install`'
        )
    extras = [each.strip() for each in found[2].split(",") if each.strip()]
    if f'"{extra}"' in extras:
        raise InputError(f"the group {group} has the extra {extra} already")
    return text[: found.start(2)] + ", ".join([*extras, f'"{extra}"']) + text[found.end(2) :]

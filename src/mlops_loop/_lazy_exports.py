"""Public names of a package, imported on first use, so that `--help` does not wait for pydantic."""

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def lazy_exports(package: str, modules: Mapping[str, str]) -> Callable[[str], Any]:
    """The `__getattr__` of a package (PEP 562).

    Type checkers do not see through it: the package imports the same names under `TYPE_CHECKING`.

    Args:
        package: `__name__` of the package.
        modules: the submodule that defines each name.
    """

    def get_attribute(name: str) -> Any:
        if name not in modules:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = getattr(import_module(f"{package}.{modules[name]}"), name)
        setattr(sys.modules[package], name, value)  # the next access is an ordinary one
        return value

    return get_attribute

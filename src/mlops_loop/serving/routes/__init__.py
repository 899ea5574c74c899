"""Routes of the project's own, one file each, beside the service's endpoints.

They want the same keys, have request ids and problem documents as the endpoints do, and are
counted with them. A file may have several routes.
"""

from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType
from typing import Any

from ...errors import ServiceError


def own_routes() -> list[ModuleType]:
    """The modules beside this one."""
    names = sorted(module.name for module in iter_modules(__path__))
    return [import_module(f".{name}", __package__) for name in names]


def member(module: ModuleType, name: str) -> Any:
    """What a web framework takes from a module of routes; ServiceError if it is not there."""
    found = getattr(module, name, None)
    if found is None:
        raise ServiceError(f"{module.__name__} has no `{name}`: routes are looked for in that")
    return found

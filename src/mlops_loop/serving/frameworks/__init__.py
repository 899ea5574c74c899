"""Web frameworks that carry the service: one file each, chosen by `serving.framework`."""

import socket
from collections.abc import Sequence
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType
from typing import Protocol

from ...errors import SettingsError
from ..reception import Reception


class Server(Protocol):
    """Answers on one socket."""

    def run(self) -> None:
        """Serve until `stop` is called, then finish the requests at hand."""

    def stop(self) -> None:
        """To be called by a signal handler or another thread; again, or too late, does no harm."""


class Framework(Protocol):
    """What a file here has to offer."""

    def make_server(
        self, reception: Reception, listener: socket.socket, routes: Sequence[ModuleType] = ()
    ) -> Server:
        """A server that brings each request on a listening socket to the reception.

        Args:
            reception: answers.
            listener: the socket.
            routes: modules with routes of the project's own.

        Raises:
            ServiceError: if one of these modules has no routes.
        """
        ...


def frameworks() -> list[str]:
    """The web frameworks this project has: the public modules beside this one."""
    names = (module.name for module in iter_modules(__path__))
    return sorted(name for name in names if "_" not in name)


def load_framework(name: str) -> Framework:
    """The module of a framework. SettingsError for one that is not here or not installed."""
    if name not in frameworks():
        known = ", ".join(frameworks())
        raise SettingsError(f"serving.framework: no file for {name!r}; this project has {known}")
    try:
        member: Framework = import_module(f".{name}", __package__)
    except ModuleNotFoundError as error:
        raise SettingsError(
            f"serving.framework: {name} needs the package {error.name!r}, which is not"
            " installed; run `poetry install`"
        ) from error
    return member

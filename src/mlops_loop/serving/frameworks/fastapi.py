"""The service as an ASGI application, which uvicorn runs.

FastAPI answers the project's own routes (see `serving/routes`). It takes as long to load as nearly
all the rest, so a service without any leaves it out. Middleware for all that is answered goes
around `create_app`.
"""

import socket
from collections.abc import Sequence
from types import ModuleType

from ..reception import Reception
from . import Server
from .fastapi_endpoints import ASGIApp, Endpoints
from .fastapi_server import Uvicorn


def create_app(reception: Reception, routes: Sequence[ModuleType] = ()) -> ASGIApp:
    """The service: its endpoints, and FastAPI with the routes of these modules."""
    if not routes:
        return Endpoints(None, reception)
    from .fastapi_routes import make_app

    return Endpoints(make_app(reception, routes), reception)


def make_server(
    reception: Reception, listener: socket.socket, routes: Sequence[ModuleType] = ()
) -> Server:
    """uvicorn on a listening socket."""
    return Uvicorn(create_app(reception, routes), reception, listener)

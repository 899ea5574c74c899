"""Whether an application speaks ASGI, e.g. FastAPI, or WSGI, e.g. Flask."""

from inspect import iscoroutinefunction
from typing import Any


def is_asgi(app: Any) -> bool:
    """Whether a server calls the application by ASGI.

    Examples:
        >>> from fastapi import FastAPI
        >>> from flask import Flask
        >>> is_asgi(FastAPI()), is_asgi(Flask("shop"))
        (True, False)
    """
    return iscoroutinefunction(type(app).__call__)

"""The service on Flask, which waitress runs: a thread for each request at work."""

import socket
from collections.abc import Callable, Sequence
from types import ModuleType

import flask
from flask import Flask, g, request
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from ..endpoints import Endpoint
from ..openapi import ENTITY_HEADER, KEY_HEADER
from ..problem import Problem
from ..reception import REQUEST_ID_HEADER, Reception
from ..response import Response
from ..routes import member
from . import Server
from .flask_gathering import Gathering
from .flask_server import Waitress


def make_server(
    reception: Reception, listener: socket.socket, routes: Sequence[ModuleType] = ()
) -> Server:
    """waitress on a listening socket, with a thread for each request that may be at work."""
    return Waitress(create_app(reception, routes), reception, listener)


def create_app(reception: Reception, routes: Sequence[ModuleType] = ()) -> Flask:
    """The service as a WSGI application: its endpoints, and the `blueprint` of each module."""
    app = Flask(reception.title, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = reception.max_body_bytes
    for path, endpoint in reception.endpoints.items():
        app.add_url_rule(
            path,
            endpoint=path,
            view_func=_view(reception, endpoint),
            methods=endpoint.methods,
            provide_automatic_options=False,
        )
    for module in routes:
        app.register_blueprint(member(module, "blueprint"))

    @app.before_request
    def admit() -> None:
        headers = request.headers
        request_id = headers.get(REQUEST_ID_HEADER)
        g.visit = reception.arrive(request.method, request.path, request_id)
        reception.admit(g.visit, headers.get(KEY_HEADER))

    @app.errorhandler(Exception)
    def fail(error: Exception) -> flask.Response:
        if isinstance(error, RequestEntityTooLarge):
            error = reception.too_large()
        elif isinstance(error, HTTPException):
            headers = {name: value for name, value in error.get_headers() if name == "Allow"}
            error = Problem(error.code or 500, error.description or error.name, headers=headers)
        return _sent(reception.failed(g.visit, error))

    @app.after_request
    def leave(answer: flask.Response) -> flask.Response:
        answer.headers[REQUEST_ID_HEADER] = g.visit.request_id
        reception.leave((g.visit, g.get("response") or Response(b"", answer.status_code)))
        return answer

    return app


def _view(reception: Reception, endpoint: Endpoint) -> Callable[[], flask.Response]:
    ask = endpoint.answer if endpoint.together is None else Gathering(endpoint.together).ask

    def answer() -> flask.Response:
        body = b""
        if endpoint.method == "POST":
            reception.require_json(request.headers.get("Content-Type"))
            body = request.get_data(cache=False)
        with reception.slot(endpoint):
            alone = endpoint.may_block(len(body))
            response = (endpoint.answer if alone else ask)(body, request.headers.get(ENTITY_HEADER))
            if response.recorded is not None:
                response.recorded.result()
        return _sent(response)

    return answer


def _sent(response: Response) -> flask.Response:
    g.response = response
    return flask.Response(
        response.content,
        response.status,
        headers=response.headers,
        content_type=response.media_type,
    )

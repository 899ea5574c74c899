"""What `serve` asks for before it listens: a port that is free, and keys."""

import os
import socket
from typing import Any

import pytest
from click.testing import CliRunner

from mlops_loop.errors import ServiceError
from mlops_loop.serving import _serve
from mlops_loop.serving._serve import (
    allow_anonymous_on_loopback,
    available_port,
    require_keys,
    serve,
)

from .projects import cli


def test_a_port_that_is_taken_is_named(shop_project: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ServiceError, match=f"port {port}.*--port"):
            serve(shop_project(), port=port)


@pytest.mark.parametrize(
    ("options", "variable", "port"),
    [
        (("--port", "9001"), "9002", 9001),
        ((), "9002", 9002),
        ((), "", None),  # the setting
    ],
)
def test_the_port_is_the_option_before_the_variable_before_the_setting(
    monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...], variable: str, port: int | None
) -> None:
    asked: list[int | None] = []
    monkeypatch.setattr(_serve, "serve", lambda project, **given: asked.append(given["port"]))
    monkeypatch.setenv("PORT", variable)
    result = CliRunner().invoke(cli, ["serve", *options])
    assert result.exit_code == 0, result.output
    assert asked == [port]


def test_a_port_of_the_platform_that_is_no_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "http")
    result = CliRunner().invoke(cli, ["serve"])
    assert result.exit_code == 2 and "(env var: 'PORT'): 'http' is not a valid" in result.stderr


def test_without_keys_it_does_not_listen_on_the_network(shop_project: Any) -> None:
    with pytest.raises(ServiceError, match="no API keys"):
        serve(shop_project(allow_anonymous=False), host="0.0.0.0", port=0)


def test_the_check_for_keys_changes_nothing(
    shop_project: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = shop_project(allow_anonymous=False)
    variable = f"{project.env_prefix}SERVING__ALLOW_ANONYMOUS"
    monkeypatch.delenv(variable, raising=False)
    require_keys(project, "127.0.0.1")
    assert not project.settings.serving.allow_anonymous and variable not in os.environ


@pytest.mark.parametrize(("host", "allowed"), [("127.0.0.1", True), ("0.0.0.0", False)])
def test_anonymous_requests_are_allowed_on_the_loopback_only(
    shop_project: Any, monkeypatch: pytest.MonkeyPatch, host: str, allowed: bool
) -> None:
    project = shop_project(allow_anonymous=False)
    variable = f"{project.env_prefix}SERVING__ALLOW_ANONYMOUS"
    monkeypatch.setenv(variable, "false")
    allow_anonymous_on_loopback(project, host)
    assert project.settings.serving.allow_anonymous is allowed
    assert os.environ[variable] == ("true" if allowed else "false")


def test_a_port_in_use_is_reported_with_the_remedy() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(ServiceError) as caught:
            available_port("127.0.0.1", port)
    message = str(caught.value)
    assert message.startswith(f"cannot listen on 127.0.0.1, port {port}: ")
    assert message.endswith("; stop the process using it, or choose another port with --port")

"""The entrypoint of app.yaml, run by bash as App Engine runs it, with secrets from a stand-in."""

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import httpx
import pytest
import yaml

from mlops_loop.deploy.google_app_engine import read_secrets, run_command
from mlops_loop.errors import ServiceError
from mlops_loop.testing import HttpContract

from ..stores import redis
from .packages import KEY, deployed, make_package

LOG = "FASTAPI_APP__PREDICTION_LOG"
KEYS = "FASTAPI_APP__SERVING__API_KEYS"


class Google(BaseHTTPRequestHandler):
    """The metadata server of an instance, and Secret Manager."""

    secrets: dict[str, str] = {}

    def do_GET(self) -> None:
        if self.path == "/computeMetadata/v1/instance/service-accounts/default/token":
            assert self.headers["Metadata-Flavor"] == "Google"
            self._answer(200, {"access_token": "ya29.token", "expires_in": 3599})
        elif self.headers["Authorization"] != "Bearer ya29.token":
            self._answer(401, {})
        else:
            _, _, project, _, name, _, version = self.path[1:].split("/")
            self._secret(project, name, version)

    def _secret(self, project: str, name: str, version: str) -> None:
        if project != "shop" or name == "forbidden":
            self._answer(403, {})
        elif (value := self.secrets.get(f"{name}/{version.partition(':')[0]}")) is None:
            self._answer(404, {})
        else:
            data = base64.b64encode(value.encode()).decode()
            self._answer(200, {"payload": {"data": data}})

    def _answer(self, status: int, document: dict[str, Any]) -> None:
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(document).encode())

    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextmanager
def google(**secrets: str) -> Iterator[dict[str, str]]:
    """The environment of an instance whose project has these secrets."""
    versions = {name if "/" in name else f"{name}/latest": secrets[name] for name in secrets}
    kind = type("Google", (Google,), {"secrets": versions})
    with ThreadingHTTPServer(("127.0.0.1", 0), kind) as server:
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        host = f"127.0.0.1:{server.server_port}"
        yield {
            "GCE_METADATA_HOST": host,
            "GOOGLE_CLOUD_PROJECT": "shop",
            "CLOUDSDK_API_ENDPOINT_OVERRIDES_SECRETMANAGER": f"http://{host}/",
        }
        server.shutdown()


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    folder = make_package(
        tmp_path_factory.mktemp("app"), "google_app_engine", "fastapi", prediction_log="redis"
    ).root
    app = yaml.safe_load((folder / "app.yaml").read_text())
    command = ("bash", "-c", app["entrypoint"])
    with redis.serve(tmp_path_factory.mktemp("redis")) as new_address:
        secrets = {"prediction-log": new_address(), "api-keys": json.dumps([KEY])}
        with google(**secrets) as environ:
            env = {**app["env_variables"], **environ}
            with deployed(folder, "fastapi", *command, **env) as client:
                yield client


class TestHttpContract(HttpContract):
    """Instances keep every promise to clients."""


def test_secrets_replace_their_references() -> None:
    with google(log="redis://redis/0\n") as environ:
        environ |= {LOG: "sm://log", "OTHER": "sm://log"}
        read_secrets(environ)
    assert (environ[LOG], environ["OTHER"]) == ("redis://redis/0", "sm://log")


def test_a_reference_may_name_a_version() -> None:
    with google(**{"keys/7": '["sha256:7"]'}) as environ:
        environ[KEYS] = "sm://keys/7"
        read_secrets(environ)
    assert environ[KEYS] == '["sha256:7"]'


@pytest.mark.parametrize(
    ("name", "reason"),
    [("forbidden", "403.*secretAccessor"), ("absent", "404.*create the secret")],
)
def test_a_secret_that_cannot_be_read_is_named_with_the_remedy(name: str, reason: str) -> None:
    with google() as environ:
        with pytest.raises(ServiceError, match=f"{LOG}: .*secrets/{name}.*{reason}"):
            read_secrets({**environ, LOG: f"sm://{name}"})


def test_elsewhere_than_on_app_engine_references_are_an_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("GCE_METADATA_HOST", "127.0.0.1:1")
    monkeypatch.setenv(LOG, "sm://prediction-log")
    with pytest.raises(SystemExit, match=f"error: {LOG}: .*metadata server does not respond"):
        run_command(pytest.fail)


def test_without_references_nothing_is_asked() -> None:
    environ = {LOG: "none"}
    read_secrets(environ)
    assert environ == {LOG: "none"}

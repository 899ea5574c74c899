"""The registry on a tracking server that wants to know who asks: a real one on this machine."""

import base64
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import msgspec
import pytest
from click.testing import CliRunner, Result

from mlops_loop._bundle import REFERENCE, read_bundle, write_bundle
from mlops_loop._project import Project
from mlops_loop._run_files import EVALUATION, GATE, MODEL_FOLDER
from mlops_loop.errors import RegistryError

from .mlflow_runs import start_run
from .projects import ENV_PREFIX, cli, project_in

USER, PASSWORD, TOKEN = "somebody", "a secret", "a-token"
# MLflow's way to put a check before its server: a module, and an entry point that names it.
GATED = """
from mlflow.server.fastapi_app import app as mlflow

class Gate:
    async def __call__(self, scope, receive, send):
        given = dict(scope.get("headers", ())).get(b"authorization")
        if scope["type"] != "http" or scope["path"] == "/health" or given in ADMITTED:
            await mlflow(scope, receive, send)
        else:
            await send({"type": "http.response.start", "status": 401, "headers": []})
            await send({"type": "http.response.body", "body": b"who are you?"})

app = Gate()
"""
BY_NAME = {"MLFLOW_TRACKING_USERNAME": USER, "MLFLOW_TRACKING_PASSWORD": PASSWORD}
BY_TOKEN = {"MLFLOW_TRACKING_TOKEN": TOKEN}


@dataclass(frozen=True)
class Remote:
    """A project whose registry is a server."""

    root: Path
    address: str

    def env(self, who: Mapping[str, str]) -> dict[str, str]:
        return {**who, f"{ENV_PREFIX}TRACKING__URI": self.address}

    def start(self, *words: str) -> "subprocess.Popen[str]":
        """A command in a process of its own."""
        command = [sys.executable, "-m", "flights", "--root", str(self.root), *words]
        env = {name: value for name, value in os.environ.items() if "MLFLOW" not in name}
        env.update(self.env(BY_NAME))
        pipe = subprocess.PIPE
        return subprocess.Popen(command, env=env, stdout=pipe, stderr=pipe, text=True)

    def ask(self, *words: str, who: Mapping[str, str] = BY_NAME) -> Result:
        """A command in this process, which has imported MLflow already."""
        unknown = dict.fromkeys([*BY_NAME, *BY_TOKEN])
        command = ["--root", str(self.root), *words]
        return CliRunner().invoke(cli, command, env={**unknown, **self.env(who)})

    def run(self, *words: str, who: Mapping[str, str] = BY_NAME) -> str:
        """What such a command prints, if all goes well."""
        said = self.ask(*words, who=who)
        assert said.exit_code == 0, (words, said.output)
        return said.stdout


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory, tracking_store: Path) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("server")
    shutil.copy(tracking_store / "var/mlflow.db", folder)
    plugin = folder / "gated-1.dist-info"
    plugin.mkdir()
    (plugin / "METADATA").write_text("Metadata-Version: 2.1\nName: gated\nVersion: 1\n")
    (plugin / "entry_points.txt").write_text("[mlflow.app]\ngated = gated:app\n")
    basic = b"Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode())
    admitted = {basic, f"Bearer {TOKEN}".encode()}
    (folder / "gated.py").write_text(f"ADMITTED = {admitted!r}\n{GATED}")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "mlflow", "server", "--app-name", "gated", "--workers", "1"]
    command += ["--host", "127.0.0.1", "--port", str(port)]
    command += ["--backend-store-uri", f"sqlite:///{(folder / 'mlflow.db').as_posix()}"]
    command += ["--artifacts-destination", (folder / "artifacts").as_posix()]
    path = os.pathsep.join([str(folder), *filter(None, [os.environ.get("PYTHONPATH")])])
    env = {**os.environ, "PYTHONPATH": path, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    log = folder / "log.txt"
    with log.open("w") as file, subprocess.Popen(command, env=env, stdout=file, stderr=file) as own:
        try:
            wait_for(f"http://127.0.0.1:{port}/health", own, log)
            yield f"http://127.0.0.1:{port}"
        finally:
            own.terminate()


def wait_for(url: str, server: "subprocess.Popen[bytes]", log: Path) -> None:
    for _ in range(600):
        assert server.poll() is None, log.read_text()
        try:
            urlopen(url, timeout=10).close()
            return
        except (URLError, ConnectionError):
            time.sleep(0.2)
    raise AssertionError(f"MLflow's server has not started: {log.read_text()}")


@pytest.fixture(scope="module")
def remote(address: str, parcels: Path, tmp_path_factory: pytest.TempPathFactory) -> Remote:
    """A project that has trained once, and registered the same model a second time."""
    root = tmp_path_factory.mktemp("remote") / "project"
    shutil.copytree(parcels, root)
    found = Remote(root, address)
    found.run("ingest", "--until", "2013-03-01")
    assert json.loads(found.run("train", "--json", who=BY_TOKEN))["version"] == "1"
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {**BY_NAME, f"{ENV_PREFIX}TRACKING__URI": address}.items():
            patch.setenv(name, value)
        register_again(project_in(root))
    return found


def register_again(project: Project) -> None:
    bundle, registry = read_bundle(project.bundles.fetch("1")), project.registry
    files = {name: bundle.read(name) for name in bundle.manifest.files}
    assert REFERENCE in files
    run = start_run(registry, "again")
    version = registry.create_version(run, MODEL_FOLDER, registry.version("1").tags)
    manifest = msgspec.structs.replace(bundle.manifest, run_id=run, version=version)
    again = write_bundle(project.root / "again", manifest, files)
    registry.log_model(run, again, MODEL_FOLDER)
    project.bundles.publish(again)
    registry.complete(version)


def roles(remote: Remote) -> dict[str, list[str]]:
    found = json.loads(remote.run("models", "--json"))["versions"]
    return {version["version"]: version["aliases"] for version in found}


def test_versions_rise_and_fall_on_a_server(remote: Remote) -> None:
    assert roles(remote) == {"1": ["champion"], "2": []}
    remote.run("promote", "2")
    assert "champion" in roles(remote)["2"]
    remote.run("rollback")
    assert roles(remote) == {"1": ["champion"], "2": []}
    told = json.loads(remote.run("lineage", "1", "--json", who=BY_TOKEN))
    assert told["versions"][0]["made_from"]["snapshot"] == told["snapshots"][0]["digest"]
    status = json.loads(remote.run("status", "--json"))
    assert status["champion"]["version"] == "1"


def test_a_text_on_a_server_is_none_only_if_there_is_none(
    remote: Remote, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {**BY_NAME, f"{ENV_PREFIX}TRACKING__URI": remote.address}.items():
        monkeypatch.setenv(name, value)
    registry = project_in(remote.root).registry
    run = registry.version("1").run_id
    assert "passed" in (registry.read_text(run, f"{EVALUATION}/{GATE}") or "")
    assert registry.read_text(run, f"{EVALUATION}/other.json") is None
    assert registry.read_text(run, "other/gate.json") is None
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "another")
    with pytest.raises(RegistryError, match="401"):
        registry.read_text(run, f"{EVALUATION}/{GATE}")


def test_two_promotions_at_once_leave_one_champion(remote: Remote) -> None:
    before = remote.run("loop", "history").count("promote")
    both = [remote.start("promote", version) for version in ("2", "1")]
    for process in both:
        out, err = process.communicate(timeout=300)
        assert process.returncode == 0, (out, err)
    champions = [version for version, names in roles(remote).items() if "champion" in names]
    status = json.loads(remote.run("status", "--json"))
    assert champions == [status["champion"]["version"]]
    assert remote.run("loop", "history").count("promote") - before in (1, 2)
    assert "intent" not in remote.run("doctor")


@pytest.mark.parametrize("who", [{}, {**BY_NAME, "MLFLOW_TRACKING_PASSWORD": "another"}])
def test_whom_the_server_does_not_know_is_told_so(remote: Remote, who: dict[str, str]) -> None:
    said = remote.ask("models", who=who)
    assert (said.exit_code, said.stdout) == (2, ""), said.output
    told = said.stderr
    assert "401" in told and "MLFLOW_TRACKING_USERNAME" in told and len(told.splitlines()) == 1

import shutil
import socket
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner

from mlops_loop._project import Project
from mlops_loop.errors import InputError, RegistryError
from mlops_loop.registry import _reachability, _ui
from mlops_loop.registry._mlflow_registry import Registry
from mlops_loop.registry._ui import run_ui, ui_command

from .mlflow_runs import start_run
from .projects import ENV_PREFIX, cli


@pytest.fixture
def registry(tracking_store: Path, tmp_path: Path) -> Registry:
    root = tmp_path / "project"
    shutil.copytree(tracking_store, root)
    return open_registry(root)


def open_registry(root: Path) -> Registry:
    return Registry("sqlite:///var/mlflow.db", "training", "model", root)


def test_a_version_counts_once_it_is_complete(registry: Registry) -> None:
    run = start_run(registry)
    version = registry.create_version(run, "model", {"gate": "passed"})
    assert version == "1"
    assert registry.versions() == ()
    registry.complete(version)
    found = registry.version("1")
    assert (found.run_id, found.tags["gate"], found.aliases) == (run, "passed", ())


def test_a_store_that_two_processes_make_at_once_is_whole(tmp_path: Path) -> None:
    package = Registry.__module__.partition(".")[0]
    opening = (
        f"from pathlib import Path; from {package}.registry._mlflow_registry import Registry;"
        "Registry('sqlite:///var/mlflow.db', 'training', 'model', Path.cwd())"
        ".create_store()"
    )
    command = [sys.executable, "-c", opening]
    both = [subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE) for _ in range(2)]
    said = [process.communicate(timeout=300)[1].decode() for process in both]
    assert [process.returncode for process in both] == [0, 0], said


def test_a_number_is_never_used_twice(registry: Registry) -> None:
    run = start_run(registry)
    registry.discard(registry.create_version(run, "model", {}))
    assert registry.create_version(run, "model", {}) == "2"


def test_aliases_are_given_moved_and_taken_away(registry: Registry) -> None:
    run = start_run(registry)
    for _ in range(2):
        registry.complete(registry.create_version(run, "model", {}))
    registry.set_alias("champion", "1")
    registry.set_alias("champion", "2")
    assert registry.alias("champion") == "2"
    assert [found.aliases for found in registry.versions()] == [(), ("champion",)]
    registry.set_alias("champion", None)
    assert registry.alias("champion") is None


def test_an_unknown_version_names_those_there_are(registry: Registry) -> None:
    with pytest.raises(RegistryError, match="no versions yet: run `train`"):
        registry.version("1")


def test_a_store_that_is_not_there_is_empty_and_is_not_made(tmp_path: Path) -> None:
    registry = open_registry(tmp_path)
    assert not registry.exists()
    assert registry.versions() == ()
    assert registry.alias("champion") is None
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_moved_takes_its_artifacts_along(
    registry: Registry, tmp_path: Path
) -> None:
    run = start_run(registry)
    registry.log_texts(run, {"note.md": "first"})
    moved = (tmp_path / "project").rename(tmp_path / "elsewhere, später")
    again = open_registry(moved)
    later = start_run(again, "another run")
    again.log_texts(later, {"note.md": "second"})
    again.log_texts(run, {"more.md": "third"})
    assert not (tmp_path / "project").exists()
    assert again.download(run, "note.md", tmp_path).read_text() == "first"
    assert again.download(run, "more.md", tmp_path).read_text() == "third"
    assert again.download(later, "note.md", tmp_path).read_text() == "second"
    client = again.tracking.client
    assert client.get_run(later).info.artifact_uri.startswith(moved.as_posix())
    assert client.search_runs([again.tracking.experiment_id])[0].info.run_id == later


def test_a_store_that_cannot_be_opened_names_the_setting(tmp_path: Path) -> None:
    (tmp_path / "var").mkdir()
    (tmp_path / "var/mlflow.db").write_text("this is no database")
    with pytest.raises(RegistryError, match="see tracking.uri"):
        open_registry(tmp_path).create_store()


def test_the_pages_of_mlflow_are_those_of_the_projects_store(project: Project) -> None:
    command = ui_command(project.registry, host="127.0.0.1", port=5055)
    assert {"ui", "5055", project.registry.tracking.address} <= set(command)


def test_the_pages_say_what_is_waited_for_and_open_in_the_classic_view(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that ends with the first connection stands in for MLflow's."""
    server = "import socket, sys; socket.create_server(('127.0.0.1', int(sys.argv[1]))).accept()"
    monkeypatch.setattr(_ui.signal, "signal", lambda *_: None)
    with closing(socket.create_server(("127.0.0.1", 0))) as probe:
        port = probe.getsockname()[1]
        with pytest.raises(InputError, match=f"port {port} of 127.0.0.1 is in use: give another"):
            run_ui(project.settings, host="127.0.0.1", port=port, report=print)
    command = [sys.executable, "-c", server, str(port)]
    monkeypatch.setattr(_ui, "ui_command", lambda *_, **__: command)
    messages: list[str] = []
    run_ui(project.settings, host="0.0.0.0", port=port, report=messages.append)
    starting, ready = messages
    assert starting.startswith("starting MLflow's user interface")
    address = f"http://127.0.0.1:{port}/#/experiments?workflowType=machine_learning"
    assert ready == f"ready: {address} (stop with Ctrl+C)"
    monkeypatch.setattr(_ui, "ui_command", lambda *_, **__: [sys.executable, "-c", "exit(1)"])
    with pytest.raises(RegistryError, match="MLflow ended with exit code 1"):
        run_ui(project.settings, host="127.0.0.1", port=port, report=print)


def test_a_server_has_pages_of_its_own(project: Project) -> None:
    tracking = project.settings.tracking.model_copy(update={"uri": "http://mlflow.invalid/"})
    messages: list[str] = []
    settings = project.settings.model_copy(update={"tracking": tracking})
    run_ui(settings, host="127.0.0.1", port=5055, report=messages.append)
    (message,) = messages
    assert message.endswith(": http://mlflow.invalid/#/experiments?workflowType=machine_learning")


def test_a_dead_tracking_server_is_named_after_ten_seconds(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert _reachability.TIMEOUT_SECONDS == 10
    monkeypatch.setattr(_reachability, "TIMEOUT_SECONDS", 0.2)
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        port = silent.getsockname()[1]
        for scheme in ("http", "postgresql+psycopg"):
            _fails(
                f"{scheme}://user:secret@127.0.0.1:1/",
                f"{scheme}://127.0.0.1:1 is unavail",
                project,
            )
        _fails(
            f"http://127.0.0.1:{port}", f"http://127.0.0.1:{port} is unavailable (no an", project
        )


def _fails(uri: str, message: str, project: Project) -> None:
    """`models` names the address of the tracking server in one line, without a password."""
    root = str(project.root)
    result = CliRunner().invoke(
        cli, ["--root", root, "models"], env={f"{ENV_PREFIX}TRACKING__URI": uri}
    )
    assert result.exit_code == 2 and message in result.stderr
    assert "secret" not in result.stderr and len(result.stderr.splitlines()) == 1


def test_an_error_of_mlflow_is_one_sentence(registry: Registry) -> None:
    with pytest.raises(RegistryError, match="^MLflow: .*Run .*unknown"):
        registry.log_texts("unknown", {"note.md": "text"})


def test_an_error_that_is_not_mlflows_passes_unchanged(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(registry.tracking, "root")
    with pytest.raises(AttributeError):
        registry.versions()


def test_a_text_is_none_only_if_the_run_has_no_such_artifact(registry: Registry) -> None:
    run = start_run(registry)
    registry.log_texts(run, {"note.md": "first"})
    assert registry.read_text(run, "note.md") == "first"
    assert registry.read_text(run, "folder/gate.json") is None
    with pytest.raises(RegistryError, match="^MLflow: .*Run .*unknown"):
        registry.read_text("unknown", "note.md")


def test_an_artifact_that_is_missing_is_named(registry: Registry, tmp_path: Path) -> None:
    run = start_run(registry)
    with pytest.raises(RegistryError, match=f"artifact gate.json of run {run}: "):
        registry.download(run, "gate.json", tmp_path)


def test_versions_are_found_by_number_and_by_tag(registry: Registry) -> None:
    run = start_run(registry)
    for attempt in ("first", "second", "second"):
        registry.complete(registry.create_version(run, "model", {"attempt": attempt}))
    registry.create_version(run, "model", {"attempt": "second"})  # not complete
    registry.set_alias("champion", "2")
    found = registry.version("2")
    assert (found.version, found.aliases) == ("2", ("champion",))
    assert [each.version for each in registry.versions_tagged("attempt", "second")] == ["2", "3"]
    assert registry.versions_tagged("attempt", "third") == ()


@pytest.mark.parametrize("unknown", ["4", "01", "champion", "1 OR 1=1", ""])
def test_a_version_that_is_unknown_or_incomplete_is_not_found(
    registry: Registry, unknown: str
) -> None:
    run = start_run(registry)
    for _ in range(3):
        registry.complete(registry.create_version(run, "model", {}))
    registry.create_version(run, "model", {})
    with pytest.raises(RegistryError, match=f"no version {unknown} of model; there are 1, 2, 3"):
        registry.version(unknown)

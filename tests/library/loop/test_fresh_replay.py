"""What a replay that cannot start leaves: the project as it was."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mlops_loop._history_archive import Archive
from mlops_loop._loop_replay import ProgressListener, replay_year
from mlops_loop._loop_replay import run as replay_run
from mlops_loop._settings import Replay
from mlops_loop._settings_loading import load_settings
from mlops_loop.errors import GateError
from mlops_loop.monitoring import MonitoringPlan

from ..places import FLIGHTS
from ..projects import project_in


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project with a history and keys, and a log outside of var/."""
    (tmp_path / "config").mkdir()
    for name in ("project.yaml", "contract.yaml"):
        (tmp_path / "config" / name).write_bytes((FLIGHTS / "config" / name).read_bytes())
    (tmp_path / "var/reports").mkdir(parents=True)
    (tmp_path / "var/reports/old.html").write_text("old")
    (tmp_path / "var/api-keys.json").write_text("keys")
    return tmp_path


def play(root: Path, monkeypatch: pytest.MonkeyPatch, step: Callable[[], None]) -> list[str]:
    """Replay with a loop that does `step` in the place of the first one; its messages."""

    class Service:
        def __init__(self, project: Any) -> None:
            self.folder = project.paths.var

        def __enter__(self) -> None:
            self.folder.mkdir(exist_ok=True)
            (self.folder / "new.txt").write_text("new")

        def __exit__(self, *_: object) -> None: ...

    class Loop:
        def step(self) -> Any:
            step()
            return type("Step", (), {"entries": (), "monitoring": None})

    replay = Replay(source="sample://", since="2013-02-01", until="2013-03-01")
    monkeypatch.setattr(replay_run, "replay_period", lambda *_: replay)
    monkeypatch.setattr(replay_run, "running_service", Service)
    monkeypatch.setattr(replay_run, "make_controller", lambda *_: Loop())
    messages = list[str]()
    project, listener = project_in(root), ProgressListener(messages.append)
    try:
        replay_year(project, lambda: None, MonitoringPlan(checks=[]), listener, fresh=True)
    except (GateError, KeyboardInterrupt, RuntimeError) as error:
        messages.append(type(error).__name__)
    return messages


def interrupt() -> None:
    raise KeyboardInterrupt


def nothing() -> None:
    pass


@pytest.mark.parametrize(("step", "error"), [(nothing, "GateError"), (interrupt, "Keyboard")])
def test_a_replay_without_a_first_model_puts_the_history_back(
    step: Callable[[], None], error: str, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    messages = play(root, monkeypatch, step)
    assert messages[-1].startswith(error)
    assert f"{root / 'var.1'} was moved back to {root / 'var'}" in messages
    assert f"what the replay wrote is in {root / 'var.2'}" in messages
    assert (root / "var/reports/old.html").read_text() == "old"
    assert (root / "var/api-keys.json").read_text() == "keys"
    assert (root / "var.2/new.txt").exists() and not (root / "var.1").exists()


def test_a_replay_that_fails_later_says_how_to_restore_the_history(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(replay_run._Run, "_train_first_model", _started)
    monkeypatch.setattr(replay_run._Run, "_play_windows", fail)
    *_, how, error = play(root, monkeypatch, nothing)
    assert error == "RuntimeError" and (root / "var/new.txt").exists()
    assert f"mv {root / 'var'} {root / 'var.2'} && mv {root / 'var.1'} {root / 'var'}" in how
    assert how.endswith(f"mv {root / 'var.2/api-keys.json'} {root / 'var/api-keys.json'}")


def _started(run: Any, loop: object) -> None:
    run.started = True


def test_a_log_outside_of_var_is_put_back(root: Path) -> None:
    update = {"prediction_log": "sqlite:///predictions.db"}
    settings = load_settings(root).model_copy(update=update)
    log = root / "predictions.db"
    project_in(root, settings=settings).log.close()
    before = log.read_bytes()
    archive = Archive.of(settings)
    assert not log.exists()
    log.write_text("new")
    archive.restore()
    assert log.read_bytes() == before
    assert (root / "predictions.db.2").read_text() == "new"

"""What commands say and do where no predictions are kept."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mlops_loop._loop_replay.run import ProgressListener, replay_settings
from mlops_loop._project import Project
from mlops_loop._publication import Rollout
from mlops_loop._settings_loading import load_settings
from mlops_loop._status import project_status
from mlops_loop.errors import InputError
from mlops_loop.loop._states import LOOP_IS_OFF
from mlops_loop.registry._attempt import gate_result
from mlops_loop.registry._role import choose_role

from ..projects import cli

KEPT_NOWHERE = "predictions and labels are not kept (prediction_log: none); to keep them, set "


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, arguments)


@pytest.fixture
def files(project: Project, tmp_path: Path) -> dict[str, str]:
    """A table of labels and one of rows."""
    labels = tmp_path / "labels.csv"
    labels.write_text("prediction_id,label\nsome-id,true\n")
    return {"labels": str(labels), "rows": "parcels.parquet", "out": str(tmp_path / "out.csv")}


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        ("monitor", "drift, data quality and performance are unknown; /metrics of the service"),
        ("loop step", LOOP_IS_OFF),
        ("loop run", LOOP_IS_OFF),
        ("loop pause --reason holidays", LOOP_IS_OFF),
        ("label {labels}", KEPT_NOWHERE),
        ("log export --to {out}", KEPT_NOWHERE),
        ("log labels", f"no label is known: {KEPT_NOWHERE}"),
        ("log prune --older-than 90d", KEPT_NOWHERE),
        ("score {rows} {out} --log", f"--log has nothing to write to: {KEPT_NOWHERE}"),
        ("explain --id some-id", KEPT_NOWHERE),
        ("lineage some-id", "there is no version or snapshot with the id 'some-id', and predictio"),
    ],
)
def test_what_needs_predictions_says_so(files: dict[str, str], command: str, sentence: str) -> None:
    result = run(*command.format(**files).split())
    assert result.exit_code == 2, result.output
    assert f"error: {sentence}" in result.output
    assert "internal error" not in result.output and not Path(files["out"]).exists()


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        ("status", "log         none: predictions and labels are not kept"),
        ("status", f"loop        off: {LOOP_IS_OFF}"),
        ("doctor", "ok   log          none: predictions and labels are not kept"),
        ("lineage 1", "version 1"),
        ("log migrate", "needs no migration"),
        ("log erase --key c-1 --yes", "0 predictions deleted"),
        ("log erase --key c-1 --report", "no file or log holds other rows of this entity"),
        ("loop history", "promote"),
        ("ingest", "rows"),
        ("score {rows} {out}", "rows"),
    ],
)
def test_what_needs_none_works(files: dict[str, str], command: str, sentence: str) -> None:
    result = run(*command.format(**files).split())
    assert result.exit_code == 0, result.output
    assert sentence in result.output
    assert not list(Path().rglob("predictions.db"))


def test_the_state_says_that_nothing_is_kept(project: Project) -> None:
    status = project_status(project).to_json()
    assert status["log"]["kept"] is False and status["loop"]["state"] == "off"
    assert json.loads(run("status", "--json").output)["log"] == status["log"]


def test_nothing_waits_for_a_judgement_that_cannot_come(project: Project) -> None:
    assert not project.transitions.probation
    version = project.registry.version("1")
    gate, published = gate_result(project.registry, version), Rollout(champion="7")
    settings = project.settings
    assert choose_role(settings, published, gate) is None
    by_gate = settings.loop.model_copy(update={"promotion": "gate"})
    assert choose_role(settings.model_copy(update={"loop": by_gate}), published, gate) == "champion"


def test_a_replay_has_a_log_of_its_own_and_leaves_services_alone(project: Project) -> None:
    messages: list[str] = []
    listener = ProgressListener(messages.append)
    assert replay_settings(project.settings, listener).prediction_log.startswith("sqlite:///var/re")
    assert ["as prediction_log is none" in message for message in messages] == [True]
    elsewhere = project.settings.model_copy(update={"bundle_store": "s3://models/flights"})
    with pytest.raises(InputError, match="^services read s3://models/flights, and the replay publ"):
        replay_settings(elsewhere, listener)


def test_adopt_archives_the_rest_of_the_history(project: Project) -> None:
    result = run("adopt", "parcels.parquet", "--target", "arrives late", "--yes")
    assert result.exit_code == 0, result.output
    assert "var/ was archived" in result.output and "prediction log was" not in result.output
    assert load_settings(project.root).source == "parcels.parquet"

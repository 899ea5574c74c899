"""The argument `train`: the project's pipeline as a training job."""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

import structlog

from ..._composition import Composition
from ..._project import Project
from ..._run_context import RunContext
from ..._settings import Settings
from ..._settings_errors import all_keys, close_match
from ...errors import GateError, InputError, SettingsError

logger: structlog.stdlib.BoundLogger = structlog.get_logger()

# Hyperparameters that are no settings: whether to search, and those that SageMaker adds.
TUNE = "tune"
_ADDED = ("sagemaker_", "_tuning_")
_TRUTH = {"true": True, "false": False}
# SageMaker shows so many characters of the reason why a job has failed.
_REASON_LENGTH = 1024


def train(composition: Composition, root: Path) -> None:
    """Ingest, train, and leave what was published in the folder `model`.

    Raises:
        InputError: if the job's configuration is none that the project can train with.
        SettingsError: if a hyperparameter is no setting, or has an invalid value.
        GateError: if the gate rejects the model, or it was not promoted.
        ProjectError: whatever a stage raises.
    """
    from ...registry._attempt import gate_result
    from ...registry._mlflow_errors import translate_mlflow_errors

    project = composition.project.copy()
    _require_one_instance(root / "input/config/resourceconfig.json")
    hyperparameters = read_hyperparameters(root / "input/config/hyperparameters.json")
    tune = _read_tune(hyperparameters.pop(TUNE, "false"))
    source = find_source(root / "input/data")
    with (
        environment(hyperparameters, project),
        closing(project),
        translate_mlflow_errors(),
    ):
        project.settings = job_settings(project, root / "model")
        project.context = RunContext("SageMaker training job", on_stage=_report)
        pipeline = composition.pipeline()
        snapshot = pipeline.ingest(project, source=source)
        version = pipeline.train(project, snapshot, tune=tune)
        gate = gate_result(project.registry, version)
        logger.info("gate", version=version.version, summary=gate.summary())
        if not gate.passed:
            raise GateError(f"version {version.version}: {gate.summary()}")
        if project.published().champion is None:
            raise GateError(
                f"version {version.version} passed the gate, but is not champion: give the job the"
                " hyperparameter loop.promotion=gate"
            )


def read_hyperparameters(path: Path) -> dict[str, str]:
    """The hyperparameters of the job, without those that SageMaker adds; none without a file.

    Raises:
        InputError: if the file is not a JSON object of texts.
    """
    try:
        given = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise InputError(f"{path} is not JSON: {error}") from error
    if not isinstance(given, dict) or not all(isinstance(each, str) for each in given.values()):
        raise InputError(f"{path}: expected one object whose values are text")
    return {name: value for name, value in given.items() if not name.startswith(_ADDED)}


def find_source(data: Path) -> str | None:
    """The folder of the only channel; None without channels, for the source of the settings.

    Raises:
        InputError: if there are several channels.
    """
    channels = sorted(path.name for path in data.iterdir()) if data.is_dir() else []
    if len(channels) > 1:
        names = ", ".join(channels)
        raise InputError(f"the job has the channels {names}: give it one, with all rows")
    return str(data / channels[0]) if channels else None


@contextmanager
def environment(hyperparameters: Mapping[str, str], project: Project) -> Iterator[None]:
    """Hyperparameters as environment variables, which override settings.

    Raises:
        SettingsError: if a hyperparameter is no setting.
    """
    known = [".".join(key) for key in all_keys(project.settings_type) if key != ("root",)]
    for name in hyperparameters:
        if name not in known:
            raise SettingsError(
                f"hyperparameter {name!r} is no setting of the project{close_match(name, known)}"
            )
    original = dict(os.environ)
    for name, value in hyperparameters.items():
        os.environ[f"{project.env_prefix}{name.replace('.', '__')}".upper()] = value
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(original)


def job_settings(project: Project, model: Path) -> Settings:
    """The settings of the job: models are published in a folder, unless `bundle_store` is a URL."""
    settings = project.settings
    if "://" in settings.bundle_store:
        return settings
    model.mkdir(parents=True, exist_ok=True)
    return settings.model_copy(update={"bundle_store": str(model)})


def write_failure(path: Path, reason: str) -> None:
    """Leave the reason where SageMaker looks for it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(reason[:_REASON_LENGTH], encoding="utf-8")


def _require_one_instance(path: Path) -> None:
    hosts = json.loads(path.read_text(encoding="utf-8"))["hosts"] if path.is_file() else []
    if len(hosts) > 1:
        raise InputError(f"the job has {len(hosts)} instances, and would train on each: set 1")


def _read_tune(text: str) -> bool:
    try:
        return _TRUTH[text.lower()]
    except KeyError:
        raise InputError(f"hyperparameter {TUNE!r}: expected true or false, got {text!r}") from None


def _report(stage: str) -> None:
    logger.info("stage", stage=stage)

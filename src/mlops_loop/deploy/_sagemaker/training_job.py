"""The argument `train`: the project's pipeline as a training job."""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import structlog

from ..._composition import Composition
from ..._project import Project
from ..._run_context import RunContext
from ..._settings import Settings
from ..._settings_errors import all_keys, close_match
from ..._settings_loading import load_settings
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

    project = composition.project
    _require_one_instance(root / "input/config/resourceconfig.json")
    hyperparameters = read_hyperparameters(root / "input/config/hyperparameters.json")
    tune = _read_tune(hyperparameters.pop(TUNE, "false"))
    source = find_source(root / "input/data")
    with overridden(project, hyperparameters, root / "model"), translate_mlflow_errors():
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
def overridden(project: Project, hyperparameters: Mapping[str, str], model: Path) -> Iterator[None]:
    """The project with hyperparameters as settings, and published models in a folder.

    Values are read as those of environment variables are. A `bundle_store` with a URL stays.

    Raises:
        SettingsError: if a hyperparameter is no setting, or has an invalid value.
    """
    _require_settings(hyperparameters, project.settings_type)
    variables = {
        f"{project.env_prefix}{name.replace('.', '__')}".upper(): value
        for name, value in hyperparameters.items()
    }
    original, environment = project.settings, dict(os.environ)
    try:
        os.environ.update(variables)
        settings = load_settings(project.root, project.settings_type, prefix=project.env_prefix)
        if "://" not in settings.bundle_store:
            model.mkdir(parents=True, exist_ok=True)
            settings = settings.model_copy(update={"bundle_store": str(model)})
        project.settings = settings
        yield
    finally:
        project.close()
        project.settings = original
        os.environ.clear()
        os.environ.update(environment)


def write_failure(path: Path, reason: str) -> None:
    """Leave the reason where SageMaker looks for it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(reason[:_REASON_LENGTH], encoding="utf-8")


def _require_settings(names: Mapping[str, str], kind: type[Settings]) -> None:
    known = [".".join(key) for key in all_keys(kind)]
    for name in names:
        if name not in known or name == "root":
            raise SettingsError(
                f"hyperparameter {name!r} is no setting of the project{close_match(name, known)}"
            )


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

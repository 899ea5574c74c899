"""How the project behaves: `config/project.yaml`, overridden by environment variables."""

import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    YamlConfigSettingsSource,
)
from pydantic_settings.exceptions import SettingsError as SourceSettingsError
from yaml import YAMLError

from .contract.model import Contract, UnknownFields, load_contract
from .duration import Duration
from .errors import SettingsError
from .paths import Paths
from .training_window import TrainingWindow, check_reference, parse_training_window

CONFIG = Path("config/project.yaml")
CONTRACT = Path("config/contract.yaml")
ENV_PREFIX = "MLOPS_LOOP__"
# Keys whose values are secrets, or addresses that may hold one.
_SECRETS = ("serving.api_keys", "alerts.", "prediction_log", "source", "tracking.uri")

Share = Annotated[float, Field(gt=0, lt=1)]
Positive = Annotated[int, Field(gt=0)]
ActionName = Literal["advise", "alert", "retrain", "rollback"]


RetrainingRows = Annotated[TrainingWindow, BeforeValidator(parse_training_window)]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Features(_Section):
    """Declared features that are left out, e.g. because their columns are not in the table."""

    disabled: tuple[str, ...] = ()


class Ingestion(_Section):
    max_bad_share: Share = 0.05
    max_logged_rows: Positive = 1_000_000


class Csv(_Section):
    """How text files are written: by default as RFC 4180 has it."""

    delimiter: Annotated[str, Field(min_length=1, max_length=1)] = ","
    quote: Annotated[str, Field(min_length=1, max_length=1)] = '"'
    encoding: str = "utf-8"
    skip: Annotated[int, Field(ge=0)] = 0  # lines above the names


class Tuning(_Section):
    trials: Positive = 20
    timeout: Duration = timedelta(minutes=10)


class Costs(_Section):
    false_positive: Annotated[float, Field(gt=0)] = 1
    false_negative: Annotated[float, Field(gt=0)] = 1


class Training(_Section):
    folds: Annotated[int, Field(ge=2)] = 3
    holdout: Duration = timedelta(days=14)
    holdout_share: Share = 0.2
    threads: Positive = 2
    costs: Costs = Costs()
    tuning: Tuning = Tuning()


class Gate(_Section):
    margin: Annotated[float, Field(ge=0)] = 0.005
    slice_rows: Positive = 200
    slice_factor: Annotated[float, Field(ge=0)] = 4
    max_size: Positive = 50_000_000
    max_latency: Duration = timedelta(milliseconds=50)
    confidence: Share = 0.95
    resamples: Positive = 500


class Tracking(_Section):
    uri: str = "sqlite:///var/mlflow.db"
    experiment: str = "training"
    model: str = "model"


class Serving(_Section):
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, lt=65536)] = 8000
    workers: Positive = 1
    unknown_fields: UnknownFields = "reject"
    max_rows: Positive = 1_000
    max_body_bytes: Positive = 2_000_000
    max_concurrency: Positive = 64
    request_timeout: Duration = timedelta(seconds=60)
    watch_interval: Duration = timedelta(seconds=1)
    api_keys: tuple[str, ...] = ()
    allow_anonymous: bool = False
    key_file: str = "var/api-keys.json"


class Challenge(_Section):
    mode: Literal["shadow", "split"] = "shadow"
    share: Share = 0.1
    min_labels: Positive = 500
    max_duration: Duration = timedelta(days=60)
    max_missing_predictions: Share = 0.05
    max_latency: Duration = timedelta(milliseconds=20)
    max_slowdown: Annotated[float, Field(ge=1)] = 3
    error_rate: Share = 0.05
    unit: Literal["row", "day"] = "day"
    probation: Duration = timedelta(days=30)


class Monitoring(_Section):
    window: Duration = timedelta(days=30)
    reference: Annotated[str, AfterValidator(check_reference)] = "holdout"
    sample_rows: Positive = 2_000
    drift_threshold: Annotated[float, Field(gt=0)] = 0.1
    drift_share: Share = 0.3
    min_labels: Positive = 300
    performance_margin: Annotated[float, Field(ge=0)] = 0.01
    max_violation_share: Share = 0.02


class Actions(_Section):
    drift: ActionName = "retrain"
    drift_only: ActionName = "retrain"
    performance: ActionName = "retrain"
    quality: ActionName = "alert"


class Alerts(_Section):
    file: str = "var/alerts.jsonl"
    webhook: Annotated[str, Field(pattern="^https?://")] | None = None
    apprise: dict[Annotated[str, Field(pattern=r"^\w+$")], str] = (
        {}
    )  # Apprise URLs by a name of your own
    reports: str | None = None


class Loop(_Section):
    promotion: Literal["live", "gate", "manual"] = "live"
    cooldown: Duration = timedelta(days=14)
    backoff: Annotated[float, Field(ge=1)] = 2
    budget: Positive = 12
    period: Duration = timedelta(days=365)
    training_window: RetrainingRows = parse_training_window("expanding")


class Replay(_Section):
    """The period of the past that `loop replay` plays."""

    source: str
    since: date
    until: date
    report_from: date
    rows_per_month: Positive = 5_000

    def moment(self, day: date) -> datetime:
        return datetime(day.year, day.month, day.day, tzinfo=UTC)


class Settings(BaseSettings):
    """Everything `config/project.yaml` may say, frozen, with the project's root.

    A project subclasses it for sections of its own:

        class Shop(BaseModel):
            currency: str = "EUR"

        class Settings(mlops_loop.Settings):
            shop: Shop = Shop()
    """

    model_config = SettingsConfigDict(
        frozen=True, extra="forbid", env_prefix=ENV_PREFIX, env_nested_delimiter="__"
    )

    root: Path
    name: str = ""
    seed: int = 0
    source: str
    query: str | None = None
    csv: Csv = Csv()
    features: Features = Features()
    ingestion: Ingestion = Ingestion()
    training: Training = Training()
    gate: Gate = Gate()
    tracking: Tracking = Tracking()
    bundle_store: str = "var/bundles"
    prediction_log: str = "sqlite:///var/predictions.db"
    serving: Serving = Serving()
    challenge: Challenge = Challenge()
    monitoring: Monitoring = Monitoring()
    actions: Actions = Actions()
    alerts: Alerts = Alerts()
    loop: Loop = Loop()
    replay: Replay | None = None

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        file = Path(init_settings()["root"]) / CONFIG
        try:
            file_settings = YamlConfigSettingsSource(settings_cls, file)
        except (AttributeError, TypeError, ValueError) as error:
            raise SettingsError(f"{CONFIG} needs keys with values, e.g. `seed: 1`") from error
        return init_settings, env_settings, file_settings

    def path(self, relative: str | Path) -> Path:
        """A path of the configuration, made absolute from the project's root."""
        return self.root / relative

    @property
    def paths(self) -> Paths:
        """Files and folders below `var/`."""
        return Paths(self.root)

    def contract(self) -> Contract:
        """Read `config/contract.yaml`."""
        return load_contract(self.path(CONTRACT))


SettingsType = TypeVar("SettingsType", bound=Settings)


def load_settings(
    root: Path,
    kind: type[SettingsType] = Settings,  # type: ignore[assignment]
    *,
    prefix: str = ENV_PREFIX,
    **overrides: object,
) -> SettingsType:
    """Read the settings of the project at `root`.

    Args:
        root: the folder that holds `config/`.
        kind: the project's class of settings.
        prefix: of the environment variables that override the file.
        overrides: top-level keys that win over the environment and the file.

    Raises:
        SettingsError: if the file is missing, or a key is unknown or of the wrong type.
    """
    root = root.resolve()
    if not (root / CONFIG).is_file():
        raise SettingsError(f"there is no {CONFIG} in {root}: run from the project's root")
    _check_environment(kind, prefix)
    try:
        return kind(_env_prefix=prefix, root=root, **overrides)  # type: ignore[call-arg, arg-type]
    except YAMLError as error:
        raise SettingsError(f"{CONFIG} is not valid YAML: {error}") from error
    except SourceSettingsError as error:
        raise SettingsError(
            f"{prefix}…: {error}: write lists and sections as JSON, e.g. '[\"a\"]'"
        ) from error
    except ValidationError as error:
        raise SettingsError(f"{CONFIG} (or {prefix}…): {_first_mistake(error)}") from error


def _check_environment(kind: type[Settings], prefix: str) -> None:
    """Raise SettingsError for a variable that overrides no key; pydantic-settings ignores those."""
    for name in os.environ:
        key = name.upper().removeprefix(prefix.upper()).partition("__")[0].lower()
        if name.upper().startswith(prefix.upper()) and key not in kind.model_fields:
            raise SettingsError(
                f"the environment variable {name} overrides no key of {CONFIG}: correct its name, "
                "or unset it"
            )


def _first_mistake(error: ValidationError) -> str:
    """The key and what is wrong with it; the value too, unless it may hold a secret."""
    first = error.errors()[0]
    key, value = ".".join(str(part) for part in first["loc"]), first["input"]
    hidden = isinstance(value, dict | list | tuple) or key.startswith(_SECRETS)
    return f"{key}: {first['msg']}" + ("" if hidden else f", got {value!r}")

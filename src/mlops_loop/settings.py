"""How the project behaves: `config/project.yaml`, overridden by environment variables."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from .contract.model import Contract, UnknownFields, load_contract
from .duration import Duration
from .errors import SettingsError
from .stretch import TrainedOn, check_reference, parse_trained_on
from .yaml_file import YamlError, parse_yaml

CONFIG = Path("config/project.yaml")
CONTRACT = Path("config/contract.yaml")
ENV_PREFIX = f"{(__package__ or '').upper()}__"

Share = Annotated[float, Field(gt=0, lt=1)]
Positive = Annotated[int, Field(gt=0)]
Act = Literal["advise", "alert", "retrain", "rollback"]


RowsOfRetraining = Annotated[TrainedOn, BeforeValidator(parse_trained_on)]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


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
    timeout: Duration


class Costs(_Section):
    wrong_yes: Annotated[float, Field(gt=0)] = 1
    wrong_no: Annotated[float, Field(gt=0)] = 1


class Training(_Section):
    models: tuple[str, ...]
    metric: Literal["log_loss", "brier", "roc_auc", "accuracy", "rmse", "mae"]
    folds: Annotated[int, Field(ge=2)]
    holdout: Duration
    holdout_share: Share
    threads: Positive
    costs: Costs = Costs()
    tuning: Tuning


class Gate(_Section):
    margin: Annotated[float, Field(ge=0)]
    slice_rows: Positive
    slice_factor: Annotated[float, Field(ge=0)]
    max_size: Positive
    max_latency: Duration
    confidence: Share
    resamples: Positive


class Tracking(_Section):
    uri: str
    experiment: str
    model: str


class Serving(_Section):
    framework: str
    host: str
    port: Annotated[int, Field(ge=0, lt=65536)]
    workers: Positive
    unknown_fields: UnknownFields = "refuse"
    max_rows: Positive
    max_body_bytes: Positive
    max_concurrency: Positive
    request_timeout: Duration
    watch_interval: Duration
    api_keys: tuple[str, ...] = ()
    key_file: str


class Challenge(_Section):
    mode: Literal["shadow", "split"]
    share: Share
    min_labels: Positive
    max_duration: Duration
    max_unanswered: Share
    max_latency: Duration
    max_slowdown: Annotated[float, Field(ge=1)]
    error_rate: Share
    unit: Literal["row", "day"]
    probation: Duration


class Monitoring(_Section):
    window: Duration
    reference: Annotated[str, AfterValidator(check_reference)] = "holdout"
    sample_rows: Positive
    drift_threshold: Annotated[float, Field(gt=0)]
    drift_share: Share
    min_labels: Positive
    performance_margin: Annotated[float, Field(ge=0)]
    max_violation_share: Share


class Actions(_Section):
    drift: Act
    drift_alone: Act
    performance: Act
    quality: Act


class Alerts(_Section):
    file: str
    webhook: str | None = None
    email: str | None = None
    reports: str | None = None


class Loop(_Section):
    promotion: Literal["live", "gate", "manual"]
    cooldown: Duration
    backoff: Annotated[float, Field(ge=1)]
    budget: Positive
    period: Duration
    data: RowsOfRetraining


class Replay(_Section):
    """The stretch of the past that `loop replay` plays."""

    source: str
    since: date
    until: date
    report_from: date
    rows_per_month: Positive

    def moment(self, day: date) -> datetime:
        return datetime(day.year, day.month, day.day, tzinfo=UTC)


class Settings(BaseSettings):
    """Everything `config/project.yaml` may say, frozen, with the project's root."""

    model_config = SettingsConfigDict(
        frozen=True, extra="forbid", env_prefix=ENV_PREFIX, env_nested_delimiter="__"
    )

    root: Path
    seed: int
    source: str
    query: str | None = None
    csv: Csv = Csv()
    ingestion: Ingestion
    training: Training
    gate: Gate
    tracking: Tracking
    bundle_store: str
    prediction_log: str
    serving: Serving
    challenge: Challenge
    monitoring: Monitoring
    actions: Actions
    alerts: Alerts
    loop: Loop
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
        root = Path(init_settings()["root"])
        written = parse_yaml((root / CONFIG).read_text(encoding="utf-8")) or {}
        if not isinstance(written, dict):
            raise SettingsError(f"{CONFIG} needs keys with values, as `seed: 1`")
        return init_settings, env_settings, InitSettingsSource(settings_cls, written)

    def path(self, relative: str | Path) -> Path:
        """A path of the configuration, made absolute from the project's root."""
        return self.root / relative

    def contract(self) -> Contract:
        """Read `config/contract.yaml`."""
        return load_contract(self.path(CONTRACT))


def load_settings(root: Path | None = None, **overrides: object) -> Settings:
    """Read the settings of the project at `root`, by default the current folder.

    Args:
        root: the folder that holds `config/`.
        overrides: top-level keys that win over the environment and the file.

    Raises:
        SettingsError: if the file is missing, or a key is unknown or of the wrong type.
    """
    root = (root or Path.cwd()).resolve()
    if not (root / CONFIG).is_file():
        raise SettingsError(f"there is no {CONFIG} in {root}: run from the project's root")
    try:
        return Settings(root=root, **overrides)  # type: ignore[arg-type]
    except YamlError as error:
        raise SettingsError(f"{CONFIG} is not valid YAML: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise SettingsError(
            f"{CONFIG} (or {ENV_PREFIX}…): {key}: {first['msg']}, got {first['input']!r}"
        ) from error

"""The settings of a project, by section."""

import codecs
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    YamlConfigSettingsSource,
)

from ._duration import Duration
from ._feature_set import DatetimePart
from ._host_names import parse_host_pattern, parse_origin
from ._paths import Paths
from ._redaction import hide_secrets
from ._scopes import Scope
from ._training_window import TrainingWindow, check_reference, parse_training_window
from .contract._contract_file import load_contract
from .contract._model import Contract, UnknownFields
from .engines._address import check_engine
from .errors import SettingsError

CONFIG = Path("config/project.yaml")
CONTRACT = Path("config/contract.yaml")
ENV_PREFIX = "MLOPS_LOOP__"
# Encoding of text files that differ in it.
DETECT = "detect"

Share = Annotated[float, Field(gt=0, lt=1)]
Positive = Annotated[int, Field(gt=0)]
ActionName = Literal["advise", "alert", "retrain", "rollback"]
"""An action on a finding of monitoring.

`advise` only reports, `alert` alerts the receivers; `retrain` and `rollback` alert and start the
transition.

Examples:
    >>> def alert_if_critical(incident: Incident) -> ActionName:
    ...     critical = any(finding.severity == "critical" for finding in incident.findings)
    ...     return "alert" if critical else "advise"
"""


# `sliding:90d` is no JSON in an environment variable either.
RetrainingRows = Annotated[TrainingWindow, NoDecode, BeforeValidator(parse_training_window)]


class Section(BaseModel):
    """Base of a section of the settings: frozen, and an unknown key is an error.

    Examples:
        >>> class Fees(Section):
        ...     currency: str = "EUR"
        ...
        >>> Fees(curency="USD")
        Traceback (most recent call last):
        ...
        pydantic_core._pydantic_core.ValidationError: 1 validation error for Fees
        ...
    """

    model_config = ConfigDict(frozen=True, extra="forbid")


def _distinct(parts: tuple[DatetimePart, ...]) -> tuple[DatetimePart, ...]:
    return tuple(dict.fromkeys(parts))


class Features(Section):
    """Which features there are besides the columns of the contract.

    Attributes:
        disabled: declared features that are left out, e.g. because their columns are not in the
            table.
        calendar: parts of the event time that are features.
    """

    disabled: tuple[str, ...] = ()
    calendar: Annotated[tuple[DatetimePart, ...], AfterValidator(_distinct)] = ()


class Ingestion(Section):
    max_bad_share: Share = 0.05
    max_logged_rows: Positive = 1_000_000


def _known_encoding(name: str) -> str:
    if name != DETECT:
        try:
            codecs.lookup(name)
        except LookupError:
            raise ValueError(f"unknown encoding {name!r}: expected e.g. utf-8 or cp1252") from None
    return name


Character = Annotated[str, Field(min_length=1, max_length=1)]


class Csv(Section):
    """How text files are written: by default as RFC 4180 has it.

    A file that does not fit, e.g. with other delimiters, is read in the dialect that is detected.
    """

    delimiter: Character = ","
    quote: Character | None = '"'
    escape: Character | None = None
    decimal: Literal[".", ","] | None = None  # None: as the contract's `parsing` says
    encoding: Annotated[str, AfterValidator(_known_encoding)] = "utf-8"  # or `detect`
    skip: Annotated[int, Field(ge=0)] = 0  # lines above the header
    missing: tuple[str, ...] = ()  # texts that are missing without quotes, and values in quotes


class Tuning(Section):
    trials: Positive = 20
    timeout: Duration = timedelta(minutes=10)
    storage: str = "sqlite:///var/optuna.db"


class Costs(Section):
    false_positive: Annotated[float, Field(gt=0)] = 1
    false_negative: Annotated[float, Field(gt=0)] = 1


class Training(Section):
    folds: Annotated[int, Field(ge=2)] = 3
    holdout: Duration = timedelta(days=14)
    holdout_share: Share = 0.2
    threads: Positive = 2
    native_models: bool = False
    costs: Costs = Costs()
    tuning: Tuning = Tuning()


class Gate(Section):
    margin: Annotated[float, Field(ge=0, lt=1)] = 0.01  # share of the baseline's loss
    slice_rows: Positive = 200
    slice_factor: Annotated[float, Field(ge=0)] = 4
    max_size: Positive = 50_000_000
    max_latency: Duration = timedelta(milliseconds=50)
    confidence: Share = 0.95
    resamples: Positive = 500


class Tracking(Section):
    uri: str = "sqlite:///var/mlflow.db"
    experiment: str = "training"
    model: str = "model"


HostPattern = Annotated[str, AfterValidator(parse_host_pattern)]
Origin = Annotated[str, AfterValidator(parse_origin)]


class Serving(Section):
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
    api_key_scopes: tuple[Scope, ...] = ("predict", "label", "metrics")
    allow_anonymous: bool = False
    key_file: str = "var/api-keys.json"
    allowed_hosts: tuple[HostPattern, ...] = ()
    allowed_origins: tuple[Origin, ...] = ()
    trusted_types: tuple[str, ...] = ()


class Challenge(Section):
    mode: Literal["shadow", "split"] = "shadow"
    share: Share = 0.1
    min_labels: Positive = 500
    max_duration: Duration = timedelta(days=60)
    max_missing_predictions: Share = 0.05
    max_latency: Duration = timedelta(milliseconds=20)
    max_slowdown: Annotated[float, Field(ge=1)] = 3
    error_rate: Share = 0.05
    unit: Literal["row", "day"] = "day"
    margin: Annotated[float, Field(ge=0, lt=1)] = 0
    undecided: Literal["reject", "better_mean"] = "reject"
    probation: Duration = timedelta(days=30)


class Monitoring(Section):
    window: Duration = timedelta(days=30)
    reference: Annotated[str, AfterValidator(check_reference)] = "holdout"
    sample_rows: Positive = 2_000
    drift_threshold: Annotated[float, Field(gt=0)] = 0.1
    drift_share: Share = 0.3
    min_labels: Positive = 300
    performance_margin: Annotated[float, Field(ge=0)] = 0.01
    max_violation_share: Share = 0.02


class Actions(Section):
    drift: ActionName = "retrain"
    drift_only: ActionName = "alert"
    performance: ActionName = "retrain"
    early_warning: ActionName = "alert"
    quality: ActionName = "alert"


class Alerts(Section):
    file: str = "var/alerts.jsonl"
    webhook: Annotated[str, Field(pattern="^https?://")] | None = None
    apprise: dict[Annotated[str, Field(pattern=r"^\w+$")], str] = (
        {}
    )  # Apprise URLs by a name of your own
    reports: str | None = None


class Loop(Section):
    promotion: Literal["live", "gate", "manual"] = "live"
    cooldown: Duration = timedelta(days=14)
    backoff: Annotated[float, Field(ge=1)] = 2
    budget: Positive = 12
    period: Duration = timedelta(days=365)
    growth: Annotated[float, Field(gt=0)] | None = 0.5
    training_window: RetrainingRows = parse_training_window("expanding")


def _in_utc(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


Moment = Annotated[datetime, AfterValidator(_in_utc)]


class Replay(Section):
    """The period of the past that `loop replay` covers; dates begin at midnight UTC."""

    source: str
    since: Moment
    until: Moment
    report_from: Moment | None = None
    rows_per_month: Positive = 5_000


class Settings(BaseSettings):
    """The settings of `config/project.yaml`, frozen; the environment and `.env` override them.

    A project subclasses it for sections of its own, and passes the class to `Project`.

    Attributes:
        root: the project's folder.

    Examples:
        >>> class Shop(Section):
        ...     currency: str = "EUR"
        ...
        >>> class ShopSettings(Settings):
        ...     shop: Shop = Shop()
        ...
        >>> ShopSettings.model_fields["shop"].default.currency
        'EUR'
    """

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        env_prefix=ENV_PREFIX,
        env_nested_delimiter="__",
        # `docker compose` reads variables of its own from the same file.
        dotenv_filtering="only_existing",
    )

    root: Path
    name: str = ""
    seed: int = 0
    source: str
    query: str | None = None
    csv: Csv = Csv()
    engine: Annotated[str, AfterValidator(check_engine)] = "local"
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
            hide_secrets(file_settings.yaml_data, SECTIONS)
        except (AttributeError, TypeError, ValueError) as error:
            raise SettingsError(f"{CONFIG} needs keys with values, e.g. `seed: 1`") from error
        return init_settings, env_settings, dotenv_settings, file_settings

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


# Keys of the library; a project may add sections of its own.
SECTIONS = frozenset(Settings.model_fields)

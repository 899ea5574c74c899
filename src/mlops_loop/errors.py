"""Exceptions of the library.

ProjectError
├── SettingsError              a setting is missing, unknown or of the wrong type
├── ContractError              the contract file is invalid, or too many rows violate it
├── SourceError                a data source cannot be read
├── SnapshotError              there is no snapshot, or it is damaged or too small
├── RegistryError              no such version, or a transition that is not possible
├── InputError                 a file or an argument of a command is invalid
├── EngineError                work cannot run on a distributed engine
│   └── EngineUnavailableError the engine cannot be reached, has no workers, or stops
├── ServiceError               the service cannot start
├── BundleError                a bundle is damaged or made for other features
│   └── DamagedBundleError     a published bundle is missing, incomplete or changed
├── StoreError                 a store rejects an operation
│   ├── NotKeptError           predictions are needed, and the project keeps none
│   └── StoreUnavailableError  a store cannot be reached
├── PredictionError            a model gives no valid prediction for a row
├── Problem                    an error response of the service; see `mlops_loop.serving.fastapi`
├── ProjectCodeError           code of the project raised an exception or returned something invalid
│   └── HookError              a function before or after a prediction did
├── GateError                  no model passes the gate, or the decision is about another one
├── TrainingError              candidates cannot be fitted or compared
└── ExportError                a model cannot be exported, or its export predicts differently

The text says what is wrong and how to fix it. The command line prints it without a traceback.

Examples:
    >>> from mlops_loop.data import open_source
    >>> try:
    ...     open_source("gopher://example.com/rows", project.settings)
    ... except ProjectError as error:
    ...     print(error.exit_code)
    2
"""

from typing import ClassVar

from ._redaction import redact

__all__ = [
    "BundleError",
    "ContractError",
    "DamagedBundleError",
    "EngineError",
    "EngineUnavailableError",
    "ExportError",
    "GateError",
    "HookError",
    "InputError",
    "NotKeptError",
    "PredictionError",
    "ProjectCodeError",
    "ProjectError",
    "RegistryError",
    "ServiceError",
    "SettingsError",
    "SnapshotError",
    "SourceError",
    "StoreError",
    "StoreUnavailableError",
    "TrainingError",
]


class ProjectError(Exception):
    """Base class of the library's exceptions.

    Attributes:
        exit_code: exit code of a command that ends with it: 1 internal error, 2 invalid input or
            configuration, 3 a check failed.
    """

    exit_code: ClassVar[int] = 1

    def __str__(self) -> str:
        return redact(super().__str__())


class SettingsError(ProjectError):
    """A setting is missing, unknown or of the wrong type."""

    exit_code = 2


class ContractError(ProjectError):
    """The contract file is invalid, or too many rows violate it."""

    exit_code = 2


class SourceError(ProjectError):
    """A data source cannot be read, or has no rows."""

    exit_code = 2


class SnapshotError(ProjectError):
    """There is no snapshot, or it is damaged, or has too few rows."""

    exit_code = 2


class RegistryError(ProjectError):
    """There is no such version or run, or the transition is not possible."""

    exit_code = 2


class InputError(ProjectError):
    """A file or an argument of a command is invalid."""

    exit_code = 2


class EngineError(ProjectError):
    """Work cannot run on a distributed engine, e.g. since workers lack a package."""

    exit_code = 2


class EngineUnavailableError(EngineError):
    """An engine cannot be reached, has no workers, or stops; the work may succeed later."""

    exit_code = 1


class ServiceError(ProjectError):
    """The service cannot start."""

    exit_code = 2


class BundleError(ProjectError):
    """A bundle is damaged, or made for other features."""

    exit_code = 2


class DamagedBundleError(BundleError):
    """A published bundle is missing, incomplete or changed; the registry can publish it again."""


class StoreError(ProjectError):
    """A store rejects an operation."""


class NotKeptError(StoreError):
    """Predictions or labels are needed, and `prediction_log` is `none`."""

    exit_code = 2


class StoreUnavailableError(StoreError):
    """A store cannot be reached; the operation may succeed later."""


class ExportError(ProjectError):
    """A model cannot be exported, or its export predicts differently."""


class TrainingError(ProjectError):
    """Candidates cannot be fitted or compared."""

    exit_code = 2


class PredictionError(ProjectError):
    """A model gives no finite prediction for a row."""


class ProjectCodeError(ProjectError):
    """Code of the project raised an exception, or returned something invalid."""

    exit_code = 2


class HookError(ProjectCodeError):
    """A function before or after a prediction raised an exception or returned something invalid."""


class GateError(ProjectError):
    """No model passes the gate, or its decision is about another model."""

    exit_code = 3

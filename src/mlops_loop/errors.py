"""What can go wrong, and who has to act on it.

ProjectError
├── SettingsError      a setting is missing, unknown or of the wrong type
├── ContractError      the contract file, or data that breaks it
├── SourceError        a data source that cannot be read
├── SnapshotError      no snapshot, or one that is damaged
├── RegistryError      no such version, or a transition that makes no sense
├── InputError         a file or an argument handed to a command
├── ServiceError       the service cannot start
├── BundleError        a bundle that is damaged or made for other features
├── StoreError         a store that cannot do what is asked
│   └── StoreUnavailableError  a store that cannot be reached for now
├── HookError          a function before or after prediction returned something invalid
├── GateError          no model that the gate would let pass
├── TrainingError      candidates that cannot be fitted, compared or exported
└── ExportError        a model whose exported form answers differently
"""

from typing import ClassVar


class ProjectError(Exception):
    """Base of all errors of this package; the text says what is wrong and what to do."""

    exit_code: ClassVar[int] = 1


class SettingsError(ProjectError):
    exit_code = 2


class ContractError(ProjectError):
    exit_code = 2


class SourceError(ProjectError):
    exit_code = 2


class SnapshotError(ProjectError):
    exit_code = 2


class RegistryError(ProjectError):
    exit_code = 2


class InputError(ProjectError):
    exit_code = 2


class ServiceError(ProjectError):
    exit_code = 2


class BundleError(ProjectError):
    pass


class StoreError(ProjectError):
    pass


class StoreUnavailableError(StoreError):
    pass


class ExportError(ProjectError):
    pass


class TrainingError(ProjectError):
    exit_code = 2


class HookError(ProjectError):
    pass


class GateError(ProjectError):
    exit_code = 3

"""Writes a proposal as contract and settings, with a backup of the previous files."""

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from .._atomic import atomic_write, make_folder
from .._feature_set import FeatureSet
from .._paths import Paths
from .._project import Project
from .._settings import CONFIG, CONTRACT
from .._settings_loading import DOTENV
from .._yaml_file import parse_yaml
from ..contract._contract_file import parse_contract
from ..contract._model import Contract
from ..errors import ContractError
from .changes import contract_changes, settings_changes
from .project_file import changed_settings
from .proposal import Proposal

_SAMPLE = "sample"
_REPLAY = "replay"


@dataclass(frozen=True)
class CurrentFiles:
    """The current files of the project.

    Attributes:
        contract: None if it cannot be read.
        settings: text of `config/project.yaml`.
        is_sample: whether the project still uses the sample data of the template.
    """

    root: Path
    contract: Contract | None
    settings: str
    is_sample: bool


def current_files(root: Path) -> CurrentFiles:
    """Read the files that an adoption replaces."""
    text = (root / CONFIG).read_text(encoding="utf-8")
    source = str((parse_yaml(text) or {}).get("source", ""))
    try:
        contract = parse_contract((root / CONTRACT).read_text(encoding="utf-8"))
    except (OSError, ContractError):
        contract = None
    return CurrentFiles(root, contract, text, source.startswith(f"{_SAMPLE}://"))


def files_of(proposal: Proposal, now: CurrentFiles, features: FeatureSet) -> dict[Path, str]:
    """Texts of the files, by path; the replay settings of the sample are dropped with it.

    Declared features whose columns are not in the new contract are disabled in the settings; the
    project's code is not changed.
    """
    drop = (_REPLAY,) if now.is_sample else ()
    disabled = features_without_columns(proposal.contract, features)
    suggested = proposal.settings
    changes = {**suggested.changes, ("features", "disabled"): disabled}
    settings = changed_settings(now.settings, changes, drop=drop, comments=suggested.reasons)
    return {CONTRACT: proposal.contract.text, CONFIG: settings}


def features_without_columns(contract: Contract, features: FeatureSet) -> list[str]:
    """Declared features that need a column that is not in the contract."""
    columns = {column.name for column in contract.inputs}
    return [name for name, made in features.declared.items() if not columns >= {*made.inputs}]


def differences(proposal: Proposal, files: Mapping[Path, str], now: CurrentFiles) -> list[str]:
    """The changes, one per line."""
    lines: Iterator[str] = iter(())
    if now.contract is not None:
        lines = contract_changes(now.contract, proposal.contract)
    return [*lines, *settings_changes(now.settings, files[CONFIG])]


def require_valid(files: Mapping[Path, str], project: Project) -> None:
    """Check the settings to be written together with the environment, before anything changes.

    Raises:
        SettingsError: if they do not fit each other, e.g. a variable is about a section that goes.
    """
    with TemporaryDirectory() as folder:
        draft = Path(folder) / CONFIG
        draft.parent.mkdir()
        draft.write_text(files[CONFIG], encoding="utf-8")
        if (dotenv := project.root / DOTENV).is_file():
            shutil.copy(dotenv, folder)
        _ = project.copy(root=Path(folder)).settings


def install(files: Mapping[Path, str], root: Path, moment: datetime) -> Path:
    """Write the files, after a backup of the files that they replace in `var/backups`.

    Returns:
        The folder of the backup, relative to the root.
    """
    backup = Paths(root).backups / f"{moment:%Y-%m-%dT%H%M%S}"
    for path in files:
        if (root / path).is_file():
            make_folder((root / backup / path).parent)
            shutil.copy2(root / path, root / backup / path)
    for path, text in files.items():
        with atomic_write(root / path) as draft:
            draft.write_text(text, encoding="utf-8", newline="\n")
    return backup

"""A proposal becomes files: contract, settings, features; what they replace is kept."""

import shutil
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ..atomic import atomic_write
from ..contract.model import Contract, parse_contract
from ..errors import ContractError
from ..settings import CONFIG, CONTRACT
from ..yaml_file import parse_yaml
from .changes import contract_changes, settings_changes
from .project_file import changed_settings
from .proposal import Proposal

PACKAGE = (__package__ or "").partition(".")[0]
BACKUPS = Path("var/backups")
_SAMPLE = "sample"
_REPLAY = "replay"
_SAMPLE_FILES = (
    f"src/{PACKAGE}/data/sources/sample.py",
    "tests/code/test_sample*.py",
    "tests/data/test_sample*.py",
    "tests/model/test_sample*.py",
)
_FEATURES = '''"""Your features: pure functions of contract columns, one value a row.

Training, batch scoring and the service call the same functions, so a feature may look at
nothing but its own row. Feature columns of the contract reach the model without being
mentioned here. One more is declared so:

    @FEATURES.feature(inputs=("width", "height"), output="number")
    def area(width: Floats, height: Floats) -> Floats:
        return width * height
"""

import numpy as np
from numpy.typing import NDArray

from .feature_set import FeatureSet

FEATURES = FeatureSet()

Floats = NDArray[np.float64]
'''


@dataclass(frozen=True)
class Present:
    """The project's files as they are.

    Attributes:
        contract: None if it cannot be read.
        settings: text of `config/project.yaml`.
        is_sample: whether the project still learns from the sample it came with.
    """

    root: Path
    contract: Contract | None
    settings: str
    is_sample: bool


@dataclass(frozen=True)
class Files:
    """What is to be written, by path, and which files go."""

    written: dict[Path, str]
    deleted: tuple[Path, ...]


def present(root: Path) -> Present:
    """Read what an adoption would replace."""
    text = (root / CONFIG).read_text(encoding="utf-8")
    source = str((parse_yaml(text) or {}).get("source", ""))
    try:
        contract = parse_contract((root / CONTRACT).read_text(encoding="utf-8"))
    except (OSError, ContractError):
        contract = None
    return Present(root, contract, text, source.startswith(f"{_SAMPLE}://"))


def files_of(proposal: Proposal, now: Present) -> Files:
    """What the proposal means for the project's files; the sample goes with its first table."""
    drop = (_REPLAY,) if now.is_sample else ()
    settings = changed_settings(now.settings, proposal.changes, drop=drop)
    written = {CONTRACT: proposal.contract.text, CONFIG: settings}
    features = Path("src") / PACKAGE / "features.py"
    if now.is_sample and (now.root / features).is_file():
        written[features] = _FEATURES
    deleted = [path for pattern in _SAMPLE_FILES for path in now.root.glob(pattern)]
    gone = tuple(path.relative_to(now.root) for path in sorted(deleted)) if now.is_sample else ()
    return Files(written, gone)


def differences(proposal: Proposal, files: Files, now: Present) -> list[str]:
    """What would change, line by line."""
    lines: Iterator[str] = iter(())
    if now.contract is not None:
        lines = contract_changes(now.contract, proposal.contract)
    return [*lines, *settings_changes(now.settings, files.written[CONFIG])]


def install(files: Files, root: Path, moment: datetime) -> Path:
    """Write the files, having put those that they replace into a folder of `var/backups`.

    Returns:
        The folder, relative to the root.
    """
    backup = BACKUPS / f"{moment:%Y-%m-%dT%H%M%S}"
    for path in (*files.written, *files.deleted):
        if (root / path).is_file():
            (root / backup / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(root / path, root / backup / path)
    for path, text in files.written.items():
        with atomic_write(root / path) as draft:
            draft.write_text(text, encoding="utf-8", newline="\n")
    for path in files.deleted:
        (root / path).unlink()
    return backup


def sample_packages(root: Path) -> list[str]:
    """Packages that only the sample needed, by their names in `pyproject.toml`."""
    path = root / "pyproject.toml"
    if not path.is_file():
        return []
    groups = tomllib.loads(path.read_text(encoding="utf-8")).get("dependency-groups", {})
    asked = [str(line) for line in groups.get(_SAMPLE, ())]
    return sorted(
        line.replace(">", " ").replace("<", " ").replace("=", " ").split()[0] for line in asked
    )

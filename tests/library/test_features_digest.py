"""The digest of the features covers all code that turns a row into numbers, and nothing else."""

import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from mlops_loop import _feature_set as feature_set
from mlops_loop._feature_set import FeatureSet

PACKAGE = "digested"
CODE = {
    "__init__.py": "OFFSET = 5\n",
    "features.py": """
from . import OFFSET, helpers
from .geometry.area import area

def late():
    import digested.late
    from .star import *
""",
    "helpers.py": "from .transitive import FACTOR\n",
    "transitive.py": "FACTOR = 2\n",
    "geometry/__init__.py": "",
    "geometry/area.py": "from ..units import METRE\n\ndef area(x):\n    return x * METRE\n",
    "units.py": "METRE = 1.0\n",
    "late.py": "LATE = 1\n",
    "star.py": "STAR = 1\n",
    "pipeline.py": "from .features import area\n",
}


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    for name, code in CODE.items():
        path = tmp_path / PACKAGE / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(code)
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path / PACKAGE
    for name in [name for name in sys.modules if name.partition(".")[0] == PACKAGE]:
        del sys.modules[name]


def digest() -> str:
    """As a new process computes it."""
    return FeatureSet(f"{PACKAGE}.features").digest


@pytest.mark.parametrize("module", sorted(set(CODE) - {"geometry/__init__.py", "pipeline.py"}))
def test_an_edit_of_any_module_that_features_import_is_noticed(package: Path, module: str) -> None:
    before = digest()
    with (package / module).open("a") as file:
        file.write("\nADDED = 1\n")
    assert digest() != before


def _comment(package: Path) -> None:
    path = package / "transitive.py"
    path.write_text("# why\n" + path.read_text())


def _caller(package: Path) -> None:
    (package / "pipeline.py").write_text("CHANGED = 1\n")


@pytest.mark.parametrize("edit", [_comment, _caller])
def test_an_edit_that_changes_no_feature_is_not_noticed(
    package: Path, edit: Callable[[Path], None]
) -> None:
    before = digest()
    edit(package)
    assert digest() == before


def test_another_format_of_the_encoder_is_noticed(
    package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = digest()
    encoder = feature_set.ENCODER
    monkeypatch.setattr(feature_set, "ENCODER", replace(encoder, number=encoder.number + 1))
    assert digest() != before


def test_the_same_code_in_another_package_has_the_same_digest(package: Path) -> None:
    """So the code that a version was trained with is recognized in its MLflow model."""
    code = (package / "features.py").read_text().replace("    import digested.late\n", "")
    (package / "features.py").write_text(code)
    before = digest()
    package.rename(package.with_name("other_name"))
    try:
        assert FeatureSet("other_name.features").digest == before
    finally:
        for name in [name for name in sys.modules if name.partition(".")[0] == "other_name"]:
            del sys.modules[name]

"""The package of a target that takes source files."""

from pathlib import Path

import pytest

from mlops_loop import FeatureSet, Project
from mlops_loop._champion import champion_predictor
from mlops_loop.errors import InputError

from ..projects import project_in
from .packaging import made, with_settings


def test_source_files_are_a_project_that_predicts(deployed: Project, output: Path) -> None:
    package = made(deployed, "heroku", output)
    top = {"Procfile", "config", "deployment.json", "requirements.txt", "src", "var", "vendor"}
    assert set(package.contents) == top
    assert (output / "requirements.txt").read_text().startswith("./vendor/mlops_loop-")
    assert not (output / "src/shop/__pycache__").exists()
    moved = project_in(output, features=FeatureSet())
    assert champion_predictor(moved).manifest.version == "2"
    assert package.models_from == "var/bundles"


def test_source_files_need_the_folder_of_the_project(deployed: Project, output: Path) -> None:
    (deployed.root / "src").rename(deployed.root / "elsewhere")
    with pytest.raises(InputError, match="src is missing"):
        made(deployed, "heroku", output)


@pytest.mark.parametrize("bundle_store", ["/srv/models", "../models"])
def test_models_that_the_platform_would_not_find(
    deployed: Project, output: Path, bundle_store: str
) -> None:
    with pytest.raises(InputError, match="outside of the project"):
        made(with_settings(deployed, bundle_store=bundle_store), "heroku", output)

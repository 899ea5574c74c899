"""The package of any deployment target: its models, its bytes, and what is refused."""

import json
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner
from flights.cli import load_pipeline

from mlops_loop import Composition, FeatureSet, Project
from mlops_loop.cli import command_line
from mlops_loop.contract._contract_file import parse_contract
from mlops_loop.deploy._package import find_target
from mlops_loop.deploy._package.targets import Limits
from mlops_loop.errors import BundleError, InputError

from ..publisher import Publisher
from ..services import SHOP
from .packaging import Exporting, contents, made, with_settings


def test_everybody_may_read_a_package(deployed: Project, output: Path) -> None:
    for path in deployed.root.glob("config/*"):
        path.chmod(0o600)
    made(deployed, "docker", output)
    assert (output / "config/project.yaml").stat().st_mode & 0o777 == 0o644
    assert (output / "src/shop/run.sh").stat().st_mode & 0o777 == 0o755
    assert (output / "bundles").stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize("name", ["docker", "aws_sagemaker", "google_app_engine"])
def test_the_same_bytes_twice(deployed: Project, output: Path, name: str) -> None:
    made(deployed, name, output)
    before = contents(output)
    made(deployed, name, output)
    assert contents(output) == before


def test_models_at_a_url_are_not_in_the_package(deployed: Project, output: Path) -> None:
    package = made(with_settings(deployed, bundle_store="s3://models/shop"), "docker", output)
    assert package.models == {} and package.models_from == "s3://models/shop"
    assert "BUNDLE_STORE" not in (output / "Dockerfile").read_text()
    assert "models: fetched from s3://models/shop" in package.messages()


def test_a_package_without_model(deployed: Project, publisher: Publisher, output: Path) -> None:
    publisher.point(None)
    package = made(deployed, "heroku", output, with_models=False)
    assert package.models_from is None and not (output / "var").exists()
    assert "models: none" in package.messages()


def test_no_published_model(deployed: Project, publisher: Publisher, output: Path) -> None:
    publisher.point(None)
    with pytest.raises(InputError, match="no version is champion for this features code"):
        made(deployed, "docker", output)


def test_a_model_of_another_target(deployed: Project, output: Path) -> None:
    text = SHOP.replace("returned: {type: boolean", "kept: {type: boolean")
    deployed.contract = parse_contract(text)
    with pytest.raises(InputError, match="predicts returned"):
        made(deployed, "docker", output)


def test_a_model_of_other_features(deployed: Project, output: Path) -> None:
    deployed.features = FeatureSet().with_calendar(["hour"])
    with pytest.raises(InputError, match="has other features"):
        made(deployed, "docker", output)


def test_a_damaged_model(deployed: Project, publisher: Publisher, output: Path) -> None:
    publisher.damage("2")
    with pytest.raises(BundleError, match="digest differs"):
        made(deployed, "docker", output)
    assert list(output.parent.iterdir()) == []


@pytest.mark.parametrize("zipped", [False, True])
def test_a_package_that_fails_changes_nothing(
    deployed: Project, output: Path, zipped: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    made(deployed, "google_cloud_function", output, zipped=zipped)
    before = output.read_bytes() if zipped else contents(output)

    def fail(*words: str) -> None:
        raise InputError("`tools/install.py export` failed")

    monkeypatch.setattr(Exporting, "poetry", fail)
    with pytest.raises(InputError, match="export"):
        made(deployed, "google_cloud_function", output, zipped=zipped)
    assert (output.read_bytes() if zipped else contents(output)) == before
    assert list(output.parent.iterdir()) == [output]


@pytest.mark.parametrize("name", ["src", "Dockerfile", "rows.zip"])
def test_nothing_but_a_package_is_replaced(deployed: Project, name: str) -> None:
    with zipfile.ZipFile(deployed.root / "rows.zip", "w") as archive:
        archive.writestr("rows.csv", "a")
    with pytest.raises(InputError, match="is not a package"):
        made(deployed, "docker", deployed.root / name)
    assert (deployed.root / name).exists()


@pytest.mark.parametrize(
    ("limits", "problem"),
    [
        (
            Limits(size=1_999, remedy="take the image"),
            r"has 2.0 kB unpacked \(limit 2.0 kB\): take",
        ),
        (Limits(files=1), r"has 2 files \(limit 1\)"),
        (Limits(file_size=1_899), r"has a with 1.9 kB \(limit 1.9 kB\)"),
    ],
)
def test_what_a_platform_would_reject(limits: Limits, problem: str) -> None:
    sizes = {"a": 1_900, "b": 100}
    Limits(size=2_000, files=2, file_size=1_900).check("heroku", sizes)
    with pytest.raises(InputError, match=f"heroku would reject this package, which {problem}"):
        limits.check("heroku", sizes)


def test_the_target_of_a_project(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no deployment target in deploy/"):
        find_target(tmp_path)
    (tmp_path / "deploy/heroku").mkdir(parents=True)
    (tmp_path / "deploy/notes").mkdir()
    assert find_target(tmp_path).name == find_target(tmp_path, "heroku").name == "heroku"
    with pytest.raises(InputError, match="no folder deploy/docker"):
        find_target(tmp_path, "docker")
    (tmp_path / "deploy/docker").mkdir()
    with pytest.raises(InputError, match="name one of docker, heroku"):
        find_target(tmp_path)


def test_the_command_reports_one_object(deployed: Project) -> None:
    cli = command_line(lambda: Composition(deployed, load_pipeline))
    result = CliRunner().invoke(cli, ["deploy", "package", "--target", "docker", "--json"])
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    folder = deployed.root / "build/deploy/docker"
    assert report["path"] == str(folder) and report["target"] == "docker"
    assert report["size"] == sum(map(len, contents(folder).values()))
    assert report["files"] == len(contents(folder)) and report["zip_size"] is None
    assert report["contents"]["Dockerfile"] > 0 and report["models"] == {"champion": "2"}
    result = CliRunner().invoke(cli, ["deploy", "package", "--target", "docker"])
    assert f"{folder}: {report['files']} files" in result.output
    assert "models: champion 2 from /app/bundles" in result.output
    assert "doctor --deploy: " in result.stderr

"""The package of a deployment target: what is in it, and what is refused."""

import json
import subprocess
import zipfile
from hashlib import sha256
from pathlib import Path

import pytest
from click.testing import CliRunner
from flights.cli import load_pipeline

from mlops_loop import Composition, FeatureSet, Project
from mlops_loop._champion import champion_predictor
from mlops_loop._packaging import Environment
from mlops_loop._publication import open_bundle_store
from mlops_loop.cli import command_line
from mlops_loop.contract._contract_file import parse_contract
from mlops_loop.deploy._package import TARGETS, Package, find_target, make_package
from mlops_loop.deploy._package import package as module
from mlops_loop.deploy._package.dependencies import install_dependencies
from mlops_loop.deploy._package.dockerignore import is_sent, parse_rules
from mlops_loop.deploy._package.files import paths_below
from mlops_loop.deploy._package.targets import Limits
from mlops_loop.errors import BundleError, InputError

from ..projects import project_in
from ..publisher import Publisher
from ..services import SHOP


class Exporting(Environment):
    """An environment whose lock is the wheel in `vendor/`."""

    def poetry(self, *words: str) -> None:
        (wheel,) = (self.root / "vendor").glob("*.whl")
        digest = sha256(wheel.read_bytes()).hexdigest()
        line = f"mlops-loop @ file://{wheel} --hash=sha256:{digest}\n"
        Path(words[-1]).write_text(line, encoding="utf-8")


def made(project: Project, name: str, output: Path, **options: bool) -> Package:
    return make_package(project, TARGETS[name], Exporting(project.root), output, **options)


def contents(folder: Path) -> dict[str, bytes]:
    return {path: (folder / path).read_bytes() for path in paths_below(folder)}


def with_settings(project: Project, **changed: str) -> Project:
    """The project with other settings."""
    settings = project.settings.model_copy(update=changed)
    return project_in(project.root, settings=settings, features=FeatureSet())


IMAGES = [name for name, each in TARGETS.items() if each.builds_image and not each.archives_models]


@pytest.mark.parametrize("name", IMAGES)
def test_an_image_gets_what_dockerignore_sends_and_the_champion(
    deployed: Project, output: Path, name: str
) -> None:
    package = made(deployed, name, output)
    assert {
        path for path in paths_below(output) if not path.startswith(("bundles/", "vendor/"))
    } == {
        "Dockerfile",
        "README.md",
        "config/contract.yaml",
        "config/project.yaml",
        "deploy/aws_lambda/handler.py",
        "deploy/google_cloud_function/main.py",
        "deployment.json",
        "poetry.lock",
        "src/shop/__init__.py",
        "src/shop/run.sh",
    }
    assert package.models == {"champion": "2"} and package.models_from == "/app/bundles"
    dockerfile = (output / "Dockerfile").read_text()
    added = "COPY bundles /app/bundles\nENV FLIGHTS__BUNDLE_STORE=/app/bundles\n"
    assert dockerfile.endswith(added) and dockerfile.startswith("FROM scratch")


def test_a_package_names_the_versions_that_serve_and_no_others(
    deployed: Project, publisher: Publisher, output: Path
) -> None:
    publisher.point("2", "3", mode="split")
    package = made(deployed, "docker", output)
    assert package.models == {"champion": "2", "challenger": "3"}
    rollout = open_bundle_store("bundles", output).pointer().rollout(deployed.rollout_key)
    assert (rollout.champion, rollout.challenger, rollout.mode) == ("2", "3", "split")
    assert rollout.earlier_champions == () and not (output / "bundles/1").exists()


def test_sagemaker_gets_the_models_in_an_archive(deployed: Project, output: Path) -> None:
    package = made(deployed, "aws_sagemaker", output)
    assert package.models == {"champion": "2"} and package.models_from == "/opt/ml/model"
    assert not (output / "bundles").exists()
    (output / "unpacked").mkdir()
    subprocess.run(
        ["tar", "--extract", "--file", "model.tar.gz", "--directory", "unpacked"],
        cwd=output,
        check=True,
    )
    store = open_bundle_store("unpacked", output)
    assert store.pointer().rollout(deployed.rollout_key).champion == "2"
    assert (store.fetch("2") / "model.onnx").is_file()


def test_source_files_are_a_project_that_predicts(deployed: Project, output: Path) -> None:
    package = made(deployed, "heroku", output)
    top = {"Procfile", "config", "deployment.json", "requirements.txt", "src", "var", "vendor"}
    assert set(package.contents) == top
    assert (output / "requirements.txt").read_text().startswith("./vendor/mlops_loop-")
    assert not (output / "src/shop/__pycache__").exists()
    moved = project_in(output, features=FeatureSet())
    assert champion_predictor(moved).manifest.version == "2"
    assert package.models_from == "var/bundles"


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


def test_a_zip_has_the_same_bytes_twice(deployed: Project, output: Path) -> None:
    package = made(deployed, "google_cloud_function", output, zipped=True)
    before = output.read_bytes()
    assert package.zip_size == len(before) < package.size
    names = zipfile.ZipFile(output).namelist()
    assert names == sorted(names) and {"main.py", "var/bundles/pointer.json"} <= set(names)
    (deployed.root / "src/shop/__init__.py").touch()
    made(deployed, "google_cloud_function", output, zipped=True)
    assert output.read_bytes() == before


def test_the_zip_of_a_function_contains_the_dependencies(
    deployed: Project, output: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = []
    monkeypatch.setattr(module, "install_dependencies", installed.append)
    made(deployed, "aws_lambda", output, zipped=True)
    names = zipfile.ZipFile(output).namelist()
    assert "handler.py" in names and "Dockerfile" not in names and len(installed) == 1


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


@pytest.mark.parametrize("bundle_store", ["/srv/models", "../models"])
def test_models_that_the_platform_would_not_find(
    deployed: Project, output: Path, bundle_store: str
) -> None:
    with pytest.raises(InputError, match="outside of the project"):
        made(with_settings(deployed, bundle_store=bundle_store), "heroku", output)


@pytest.mark.parametrize("name", ["Dockerfile", ".dockerignore"])
def test_an_image_needs_its_files(deployed: Project, output: Path, name: str) -> None:
    (deployed.root / name).unlink()
    with pytest.raises(InputError, match=f"{name} is missing"):
        made(deployed, "docker", output)


def test_source_files_need_the_folder_of_the_project(deployed: Project, output: Path) -> None:
    (deployed.root / "src").rename(deployed.root / "elsewhere")
    with pytest.raises(InputError, match="src is missing"):
        made(deployed, "heroku", output)


def test_an_image_is_no_zip(deployed: Project, output: Path) -> None:
    with pytest.raises(InputError, match="docker takes no zip"):
        made(deployed, "docker", output, zipped=True)


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


def test_a_zip_over_the_limit_of_lambda(
    deployed: Project, output: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def install(folder: Path) -> None:
        with (folder / "onnxruntime.so").open("wb") as file:
            file.truncate(251 * 1024 * 1024)

    monkeypatch.setattr(module, "install_dependencies", install)
    with pytest.raises(InputError, match=r"\(limit 262.1 MB\): deploy the image instead"):
        made(deployed, "aws_lambda", output, zipped=True)
    assert not output.exists()


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


@pytest.mark.parametrize(
    ("path", "sent"),
    [
        ("src/a.py", True),
        ("src/a/__pycache__/a.pyc", False),
        (".env", False),
        ("tools/poetry.txt", True),
        ("tools/make.py", False),
        ("deploy/aws_lambda/handler.py", True),
        ("deploy/aws_lambda/main.tf", False),
        ("deploy/docker/grafana/service.json", False),
        ("sources/a.py", False),
    ],
)
def test_the_rules_of_the_projects_dockerignore(deployed: Project, path: str, sent: bool) -> None:
    rules = parse_rules((deployed.root / ".dockerignore").read_text())
    assert is_sent(path, rules) is sent


def test_the_rules_of_dockerignore() -> None:
    rules = parse_rules("# no rule\n\n**/*.log\ndocs/??\n/build/\n!docs/de\n")
    sent = ("a.txt", "docs/de", "docs/index", "sub/build/x", "# no rule")
    ignored = ("a.log", "sub/a.log", "docs/en", "docs/en/page", "build/x")
    assert [path for path in (*sent, *ignored) if is_sent(path, rules)] == list(sent)


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


@pytest.mark.real
def test_dependencies_are_installed_without_traces_of_the_machine(
    deployed: Project, output: Path
) -> None:
    made(deployed, "heroku", output)
    install_dependencies(output)
    files = contents(output)
    assert "mlops_loop/__init__.py" in files and not (output / "vendor").exists()
    assert [path for path in files if str(output.parent).encode() in files[path]] == []
    assert [path for path in files if path.endswith((".pyc", "RECORD", "direct_url.json"))] == []
    (output / "vendor").mkdir()
    (output / "requirements.txt").write_text("mlops-loop==0 --hash=sha256:0\n")
    with pytest.raises(InputError, match="deploy the image instead"):
        install_dependencies(output)

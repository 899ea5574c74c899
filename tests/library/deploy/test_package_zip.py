"""A package as a zip, for AWS Lambda with the dependencies in it."""

import zipfile
from pathlib import Path

import pytest

from mlops_loop import Project
from mlops_loop.deploy._package import package as module
from mlops_loop.deploy._package.dependencies import install_dependencies
from mlops_loop.errors import InputError

from .packaging import contents, made


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


def test_an_image_is_no_zip(deployed: Project, output: Path) -> None:
    with pytest.raises(InputError, match="docker takes no zip"):
        made(deployed, "docker", output, zipped=True)


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

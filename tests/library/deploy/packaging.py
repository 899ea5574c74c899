"""`deploy package` of a project of the tests, without Poetry."""

from hashlib import sha256
from pathlib import Path

from mlops_loop import FeatureSet, Project
from mlops_loop._packaging import Environment
from mlops_loop.deploy._package import TARGETS, Package, make_package
from mlops_loop.deploy._package.files import paths_below

from ..projects import project_in


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

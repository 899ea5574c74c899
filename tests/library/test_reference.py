"""What is public exists, is documented, and has an example that runs."""

import ast
import doctest
import re
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

import griffe
import numpy as np
import pyarrow.parquet
import pytest
from flights.app import app, service
from flights.pipeline import PIPELINE
from structlog.testing import capture_logs

from mlops_loop import FeatureSet
from mlops_loop._encoder import Encoder
from mlops_loop._feature_set import FeatureColumn
from mlops_loop._settings import Gate
from mlops_loop.data import Rows
from mlops_loop.evaluation import Comparison, log_loss
from mlops_loop.evaluation._bootstrap import Resampling
from mlops_loop.monitoring import MonitoringPlan
from mlops_loop.pipeline import SnapshotRef
from mlops_loop.serving._service import PredictionService
from mlops_loop.testing import TrainedProject, project_copy

from .places import REPOSITORY
from .stages import Trained

FENCE = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
PAGES = REPOSITORY / "src/mlops_loop/docs"
RENDERED = REPOSITORY / "{{cookiecutter.project_slug}}"
MODULES: list[str] = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))[
    "tool"
]["reference"]["modules"]
SOURCE = griffe.load("mlops_loop", search_paths=[REPOSITORY / "src"], docstring_parser="google")
# Their libraries bring gigabytes; `make test-networks` has them.
NETWORKS = {
    "mlops_loop.models.pytorch": pytest.mark.pytorch,
    "mlops_loop.models.tensorflow": pytest.mark.tensorflow,
}


def member(path: str) -> Any:
    """A module or a public name in the source."""
    part = SOURCE[path.partition(".")[2]] if "." in path else SOURCE
    return part.final_target if part.is_alias else part


def exports(module: str) -> list[str]:
    return [str(name) for name in member(module).exports or ()]


def docstring(path: str) -> str:
    documented = member(path)
    return documented.docstring.value if documented.docstring else ""


def is_exception(path: str) -> bool:
    """Functions that raise an exception have the examples."""
    return path.endswith("Error")


def documented(part: Any) -> Iterator[str]:
    """Paths of all that has an example, where it is defined."""
    for each in part.members.values():
        if not each.is_alias:
            if each.docstring and ">>> " in each.docstring.value:
                yield each.path
            yield from documented(each)


PATHS = [f"{module}.{name}" for module in MODULES for name in exports(module)]
PUBLIC = {member(path).path for path in [*MODULES, *PATHS]}
INTERNAL = [path for path in documented(SOURCE) if path not in PUBLIC]
ENCODER = Encoder((FeatureColumn("size", "number"),), {})


@pytest.mark.parametrize("module", MODULES)
def test_a_public_module_has_a_docstring_and_exports_what_exists(module: str) -> None:
    assert docstring(module), f"{module} has no docstring"
    assert exports(module), f"{module} has no __all__"
    if module not in NETWORKS:
        imported = import_module(module)
        assert [name for name in exports(module) if not hasattr(imported, name)] == []


@pytest.mark.parametrize("path", PATHS)
def test_a_public_name_is_documented_with_an_example(path: str) -> None:
    module, _, name = path.rpartition(".")
    assert docstring(path), f"{path} has no docstring"
    if not is_exception(path):
        assert ">>> " in docstring(path) or name in _example(module), f"{path} has no example"


def _example(module: str) -> str:
    """The example of a module, which may show several names together."""
    return "".join(part.source + part.want for part in _examples(module).examples)


def _examples(path: str, names: dict[str, Any] | None = None) -> doctest.DocTest:
    return doctest.DocTestParser().get_doctest(docstring(path), names or {}, path, path, 0)


@pytest.fixture(scope="module")
def names(trained: Trained, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """What examples use without defining it, e.g. `project` for the reader's own."""
    folder = tmp_path_factory.mktemp("reference")
    snapshot = trained.run.snapshot
    original = TrainedProject(trained.project, snapshot, snapshot, trained.version)
    project = original.copy(folder / "project")
    rows = SnapshotRef.latest(project).load(project)
    yield {
        "FeatureSet": FeatureSet,
        "MonitoringPlan": MonitoringPlan,
        "PIPELINE": PIPELINE,
        "app": app,
        "comparison": comparison_of(rows),
        "contract": project.contract,
        "encoder": ENCODER,
        "np": np,
        "parcels": pyarrow.parquet.read_table(project.root / "parcels.parquet"),
        "project": project,
        "rows": rows,
        "service": service,
        "since": datetime(2026, 1, 1, tzinfo=UTC),
        "trained": TrainedProject(project, snapshot, snapshot, trained.version),
        "until": datetime(2026, 1, 8, tzinfo=UTC),
    }
    project.close()


def comparison_of(rows: Rows) -> Comparison:
    """A candidate that is better than the baseline, and no champion."""
    labels = np.arange(200) % 2
    good, chance = np.where(labels == 1, 0.8, 0.2), np.full(200, 0.5)
    return Comparison(
        metric=log_loss,
        labels=labels,
        candidate=np.stack([1 - good, good], axis=1) * 0.5 + 0.25,
        baseline=np.stack([chance, chance], axis=1),
        columns=rows.take(np.arange(200)).columns,
        contract=rows.contract,
        settings=Gate(),
        resampling=Resampling(np.arange(200), 50, 0.95, 1),
        size=1000,
        latency=0.001,
    )


@pytest.mark.parametrize(
    "path",
    [
        pytest.param(path, marks=[mark for name, mark in NETWORKS.items() if name in path])
        for path in [*MODULES, *PATHS]
        if ">>> " in docstring(path)
    ],
)
def test_the_example_runs(path: str, names: dict[str, Any], tmp_path: Path) -> None:
    """An example may use all that is exported beside it, and imports the rest."""
    module = import_module(path if path in MODULES else path.rpartition(".")[0])
    exported = {name: getattr(module, name) for name in exports(module.__name__)}
    given = {**exported, **names, "tmp_path": tmp_path}
    if path.startswith("mlops_loop.serving"):
        given["project"] = project_copy(names["project"], tmp_path / "nothing published")
        given["service"] = PredictionService(given["project"])
    run(path, given)


@pytest.mark.parametrize("path", INTERNAL)
def test_the_example_of_something_internal_runs(
    path: str, names: dict[str, Any], tmp_path: Path
) -> None:
    module = import_module(member(path).module.path)
    run(path, {**vars(module), **names, "tmp_path": tmp_path})


def run(path: str, given: dict[str, Any]) -> None:
    options = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    with capture_logs():
        done = doctest.DocTestRunner(optionflags=options).run(_examples(path, given))
    assert done.attempted and not done.failed


def imports(code: str) -> Iterator[tuple[str, str]]:
    """Names imported from the library, with the module that they are imported from."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.ImportFrom) and str(node.module).split(".")[0] == "mlops_loop":
            yield from ((str(node.module), alias.name) for alias in node.names)


def code_of(path: Path) -> str:
    """A rendered file, or the examples of a page of the documentation."""
    text = path.read_text(encoding="utf-8").replace("{{ cookiecutter.package_name }}", "demo")
    return "\n".join(FENCE.findall(text)) if path.suffix == ".md" else text


@pytest.mark.parametrize(
    "path",
    [*sorted(RENDERED.glob("**/*.py")), *sorted(PAGES.glob("*.md"))],
    ids=lambda path: path.name,
)
def test_what_users_read_imports_what_is_public(path: Path) -> None:
    private = [
        f"{module}.{name}"
        for module, name in imports(code_of(path))
        if f"{module}.{name}" not in [*PATHS, *MODULES]
    ]
    assert private == []

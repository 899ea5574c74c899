"""What each column adds to a prediction, whatever model made it."""

import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from mlops_loop._bundle import Bundle, Manifest, write_bundle
from mlops_loop._encoder import Encoder, Matrix
from mlops_loop._explanation.explainer import Explainer
from mlops_loop._explanation.run import champion_explainer
from mlops_loop._explanation.shapley import ShapleyEstimator, import_shap
from mlops_loop._feature_set import FeatureSet
from mlops_loop._project import Project
from mlops_loop._training.onnx_export import export
from mlops_loop.contract._columns import Columns, take, to_rows
from mlops_loop.contract._contract_file import parse_contract
from mlops_loop.contract._json_schema import example_row
from mlops_loop.contract._model import Problem
from mlops_loop.errors import InputError
from mlops_loop.evaluation._target import Labels
from mlops_loop.prediction_log import Output, Record

from .candidates import PROBLEMS, learning, of_every_library, task_of
from .projects import cli

NOON = datetime(2026, 1, 10, 12, tzinfo=UTC)
COLOURS = """
problem: PROBLEM
label_horizon: 1d
columns:
  colour: {type: category, nullable: true}
  size: {type: number, nullable: true}
  weight: {type: number, nullable: true}
  note: {type: text, nullable: true}
  outcome: TARGET
"""
TARGETS = {
    "binary": "{type: boolean, role: target}",
    "multiclass": "{type: category, role: target, categories: {values: [a, b, c]}}",
    "regression": "{type: number, role: target}",
}

Rows = Callable[[int], tuple[Matrix, Labels]]


def sums(columns: Columns) -> np.ndarray:
    """A model that adds up its columns."""
    return np.sum(list(columns.values()), axis=0)[:, None]


def products(columns: Columns) -> np.ndarray:
    """A model of two outputs: the product of its columns, and one without any meaning."""
    product = np.prod(list(columns.values()), axis=0)
    return np.stack([product, np.zeros_like(product)], axis=1)


def numbers(width: int, rows: int) -> Columns:
    rng = np.random.default_rng(2)
    return {f"column {at}": rng.normal(size=rows) + 1 for at in range(width)}


@pytest.mark.parametrize("width", [3, 14])
def test_a_sum_is_shared_by_what_each_column_differs_from_the_others(width: int) -> None:
    others, row = numbers(width, 7), {name: np.ones(1) for name in numbers(width, 1)}
    base, parts = ShapleyEstimator(import_shap(), sums, others, seed=1).values(
        row, n_permutations=2
    )
    assert parts[:, 0] == pytest.approx([1 - values.mean() for values in others.values()])
    assert base[0] == pytest.approx(sum(values.mean() for values in others.values()))


@pytest.mark.parametrize("width", [2, 14])
def test_however_columns_work_together_their_parts_add_up(width: int) -> None:
    row = {name: values * 1.5 for name, values in numbers(width, 1).items()}
    base, parts = ShapleyEstimator(import_shap(), products, numbers(width, 7), seed=1).values(
        row, n_permutations=2
    )
    assert base + parts.sum(axis=0) == pytest.approx(products(row)[0])
    assert not parts[:, 1].any()


def made_by(library: str, problem: Problem, classes: int, rows: Rows, root: Path) -> list[Bundle]:
    """A bundle for each candidate of a library, those apart that are there to be beaten."""
    text = COLOURS.replace("PROBLEM", problem).replace("TARGET", TARGETS[problem])
    contract = parse_contract(text)
    specs = FeatureSet().columns(contract)
    encoder = Encoder(specs, {"colour": ("blue", "green", "red")})
    matrix, labels = rows(classes)
    found = []
    for candidate in learning(library):
        estimator = candidate.estimator(task_of(problem, encoder))
        model = export(candidate, estimator.fit(matrix[:400], labels[:400]), 3)
        manifest = Manifest(
            version=candidate.name,
            run_id="run",
            problem=problem,
            classes=contract.classes,
            created="",
            features_digest="",
            contract_digest="",
            snapshot="",
        )
        files = {
            "model.onnx": model,
            "encoder.json": encoder.to_json(),
            "contract.yaml": text.encode(),
        }
        found.append(write_bundle(root / candidate.name, manifest, files))
    return found


def coloured(matrix: Matrix) -> Columns:
    """The matrix as columns of the contract, missing values and unseen categories included."""
    words = np.array(["purple", "blue", "green", "red", None], dtype=object)
    positions = np.nan_to_num(matrix[:, 0], nan=3).astype(int) + 1
    size, weight = matrix[:, 1].astype(np.float64), matrix[:, 2].astype(np.float64)
    return {"colour": words[positions], "size": size, "weight": weight}


@of_every_library
@pytest.mark.parametrize(("problem", "classes"), PROBLEMS)
def test_base_and_contributions_are_the_prediction_of_every_model(
    rows: Rows, tmp_path: Path, library: str, problem: Problem, classes: int
) -> None:
    columns = coloured(rows(classes)[0])
    for bundle in made_by(library, problem, classes, rows, tmp_path):
        explainer = Explainer.open(bundle, FeatureSet(), columns, seed=1)
        some = take(columns, np.array([2, 11, 17]))
        answers = explainer.predictor.predict(some)
        for at, row in enumerate(to_rows(bundle.contract.inputs, some)):
            found = explainer.explain(row)
            together = found.base + sum(one.contribution for one in found.contributions)
            assert together == pytest.approx(found.score, abs=1e-6), explainer.version
            assert {one.column: one.value for one in found.contributions} == row
            if answers.probabilities is None:
                assert found.score == found.prediction
                assert found.score == pytest.approx(answers.values[at], rel=1e-5)
            else:
                assert found.prediction == answers.values[at]
                explained = 1 if classes == 2 else int(answers.probabilities[at].argmax())
                assert found.score == pytest.approx(answers.probabilities[at, explained], abs=1e-5)


@of_every_library
def test_the_column_that_says_most_is_the_most_important(
    rows: Rows, tmp_path: Path, library: str
) -> None:
    columns = coloured(rows(2)[0])
    for bundle in made_by(library, "binary", 2, rows, tmp_path):
        found = Explainer.open(bundle, FeatureSet(), columns, seed=1).importances()
        moved = {one.column: one.importance for one in found.columns}
        assert next(iter(moved)) == "size" and set(moved) == {"size", "colour", "weight"}
        assert moved["size"] > 2 * moved["weight"] >= 0
        assert found.rows == 100


def test_the_class_that_is_asked_for_is_explained(rows: Rows, tmp_path: Path) -> None:
    bundle = made_by("baseline", "multiclass", 3, rows, tmp_path)[-1]
    columns = coloured(rows(3)[0])
    explainer = Explainer.open(bundle, FeatureSet(), columns, seed=1)
    row = to_rows(bundle.contract.inputs, take(columns, np.array([5])))[0]
    found = [explainer.explain(row, name) for name in "abc"]
    assert [one.output for one in found] == [f"the probability of {name}" for name in "abc"]
    assert sum(one.score for one in found) == pytest.approx(1)
    with pytest.raises(InputError, match="no class 'd': the classes are a, b, c"):
        explainer.explain(row, "d")


def run(project: Project, *words: str, stdin: str | None = None) -> Result:
    command = ["--root", str(project.settings.root), "explain", *words]
    return CliRunner().invoke(cli, command, input=stdin)


def held_out_row(project: Project) -> dict[str, Any]:
    """One that the contract accepts; columns that the model does not see are made up."""
    explainer = champion_explainer(project)
    row = to_rows(explainer.contract.inputs, take(explainer.reference, np.array([0])))[0]
    return {**example_row(explainer.contract), **row}


def test_the_champion_tells_what_it_looks_at(project: Project) -> None:
    told = json.loads(run(project, "--json").stdout)
    assert told["version"] == project.published().champion
    looked = {column.name for column in champion_explainer(project).columns}
    assert {one["column"] for one in told["columns"]} == looked
    metrics = [one["importance"] for one in told["columns"]]
    assert metrics == sorted(metrics, reverse=True) and metrics[0] > 0
    text = run(project).output
    assert all(name in text for name in looked)
    assert text == run(project).output


def test_a_row_from_a_file_and_from_standard_input_is_explained(
    project: Project, tmp_path: Path
) -> None:
    row = held_out_row(project)
    (tmp_path / "row.json").write_text(json.dumps(row))
    told = json.loads(run(project, str(tmp_path / "row.json"), "--json").stdout)
    assert told == json.loads(run(project, "-", "--json", stdin=json.dumps(row)).stdout)
    together = told["base"] + sum(one["contribution"] for one in told["contributions"])
    assert together == pytest.approx(told["score"], abs=1e-6)
    table = run(project, str(tmp_path / "row.json")).output
    assert all(one["column"] in table for one in told["contributions"])
    assert told["output"] in table


def test_a_logged_prediction_is_explained_by_the_version_that_answered(project: Project) -> None:
    champion, row = project.published().champion or "", held_out_row(project)
    served = Output(champion, "champion", True, True, [0.4, 0.6])
    shadow = Output("99", "challenger", False, True, [0.4, 0.6])
    project.log.append([record("p-1", row, shadow, served), record("p-2", row, shadow)]).result()
    told = json.loads(run(project, "--id", "p-1", "--json").stdout)
    assert told["version"] == champion
    assert told["score"] == pytest.approx(champion_explainer(project).explain(row).score)
    gone = run(project, "--id", "p-2")
    assert gone.exit_code == 2 and "version 99, which predicted p-2" in gone.stderr
    unknown = run(project, "--id", "p-3")
    assert unknown.exit_code == 2 and "no prediction 'p-3'" in unknown.stderr


def record(prediction_id: str, row: dict[str, Any], *outputs: Output) -> Record:
    return Record(prediction_id, None, NOON, NOON, row, outputs)


@pytest.mark.parametrize(
    ("words", "stdin", "summary"),
    [
        (("-",), "no JSON", "is not valid JSON"),
        (("-",), "[1]", "is not a JSON object"),
        (("-",), '{"no column": 1}', "no column is not in the contract"),
        (("-", "--id", "p"), "{}", "not both"),
        (("--class", "true"), None, "--class needs a row"),
    ],
)
def test_wrong_use_is_told_in_a_sentence(
    project: Project, words: tuple[str, ...], stdin: str | None, summary: str
) -> None:
    result = run(project, *words, stdin=stdin)
    assert result.exit_code == 2 and summary in result.stderr
    assert "Traceback" not in result.output


def test_without_a_champion_there_is_nothing_to_explain(parcels: Path) -> None:
    result = CliRunner().invoke(cli, ["--root", str(parcels), "explain"])
    assert result.exit_code == 2 and "run `train`" in result.stderr


def test_without_the_package_the_command_that_installs_it_is_told(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "shap", None)
    result = run(project)
    assert result.exit_code == 2 and "poetry install --with explain" in result.stderr
    assert len(result.stderr.splitlines()) == 1

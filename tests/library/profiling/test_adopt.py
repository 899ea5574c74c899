"""What adoption replaces, what it leaves as it was, and wrong use."""

from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from click.testing import CliRunner
from flights.features import FEATURES

from mlops_loop._profiling.project_file import changed_settings
from mlops_loop._publication import Rollout
from mlops_loop._settings_loading import load_settings
from mlops_loop.prediction_log import Label, Output, Record, open_prediction_log
from mlops_loop.serving._key_file import KeyFile
from mlops_loop.serving._keys import ApiKeys

from ..projects import cli, project_in
from .conftest import Adopt
from .tables import contract, everything, numbers, write


def test_what_is_replaced_is_kept(root: Path, adopt: Adopt) -> None:
    before = everything(root)
    done = adopt(write(root / "in.csv", numbers()), "--target", "y")
    assert done.exit_code == 0, done.output
    (backup,) = (root / "var/backups").iterdir()
    assert everything(backup) == {name: before[name] for name in sorted(before)}
    assert load_settings(root).source == "in.csv"
    assert load_settings(root).replay is None


def with_history(root: Path) -> None:
    """As a played demo leaves it: a file of the registry, and a logged prediction."""
    settings = load_settings(root)
    contract = settings.contract()
    with closing(open_prediction_log(settings.prediction_log, root=root)) as log:
        moment = datetime(2026, 1, 1, tzinfo=UTC)
        outputs = (Output("1", "champion", True, True, [0.2, 0.8]),)
        row = Record("p", None, moment, moment, {}, outputs, contract.schema_digest)
        log.append([row]).result()
        log.add_labels([Label("p", True, moment)])
    (root / "var/mlflow.db").write_text("versions")


def test_a_history_is_archived_and_the_next_table_begins_anew(root: Path, adopt: Adopt) -> None:
    with_history(root)
    done = adopt(write(root / "in.csv", numbers()), "--target", "y")
    assert done.exit_code == 0 and "var.1" in done.output
    assert (root / "var.1/mlflow.db").read_text() == "versions"
    assert (root / "var.1/predictions.db").exists()
    assert [path.name for path in (root / "var").iterdir()] == ["backups"]
    found = CliRunner().invoke(cli, ["--root", str(root), "ingest"])
    assert found.exit_code == 0, found.output


@pytest.mark.parametrize("history", [True, False])
def test_api_keys_stay_valid(root: Path, adopt: Adopt, history: bool) -> None:
    path = load_settings(root).path("var/api-keys.json")
    path.parent.mkdir(exist_ok=True)
    key = KeyFile(path).create("app", datetime(2026, 1, 1, tzinfo=UTC))
    if history:
        with_history(root)
    done = adopt(write(root / "in.csv", numbers()), "--target", "y")
    assert ("API keys stay valid" in done.output, "var.1" in done.output) == (history, history)
    caller = ApiKeys(file=KeyFile(path)).caller_of(key)
    assert caller is not None and "app" in caller.name
    assert path.stat().st_mode & 0o077 == 0


def test_a_history_is_kept_only_where_target_and_inputs_stay(root: Path, adopt: Adopt) -> None:
    table = write(root / "in.csv", numbers())
    with_history(root)
    before = everything(root)
    done = adopt(table, "--target", "y", "--keep")
    assert done.exit_code == 2 and "the history cannot be kept" in done.output
    assert "the new target is y (regression" in done.output
    assert everything(root) == before
    assert adopt(table, "--target", "y").exit_code == 0
    with_history(root)
    again = adopt(table, "--target", "y", "--label-horizon", "3d", "--keep", "--yes")
    assert again.exit_code == 0, again.output
    assert (root / "var/mlflow.db").exists()
    other = adopt(table, "--target", "y", "--ignore", "x", "--keep", "--yes")
    assert other.exit_code == 2 and "other inputs: x" in other.output


@pytest.mark.parametrize("store", ["../shared", "memory://adopted"])
def test_stores_outside_of_var_stay_and_their_champion_serves_no_more(
    root: Path, adopt: Adopt, store: str
) -> None:
    path = root / "config/project.yaml"
    outside = {("bundle_store",): store, ("tracking", "uri"): "sqlite:///../mlflow.db"}
    path.write_text(changed_settings(path.read_text(encoding="utf-8"), outside), encoding="utf-8")
    table = write(root / "in.csv", numbers())
    assert adopt(table, "--target", "y").exit_code == 0
    project = project_in(root)
    project.bundles.set_rollout("other", Rollout(champion="1"))
    project.bundles.set_rollout(project.rollout_key, Rollout(champion="3"))
    again = ("--target", "y", "--label-horizon", "3d", "--yes")
    kept = adopt(table, "--keep", *again)
    assert kept.exit_code == 0 and project.published().champion == "3", kept.output
    done = adopt(table, "--target", "y", "--label-horizon", "4d", "--yes")
    assert done.exit_code == 0, done.output
    assert f"the bundle store {store} stays as it is" in done.output
    assert "the tracking store stays as it is (tracking.uri)" in done.output
    assert f"version 3 in {store} does not serve any more" in done.output
    assert project.published() == Rollout()
    assert project.bundles.pointer().rollout("other").champion == "1"


def test_a_table_in_the_folder_that_is_archived_is_not_lost(root: Path, adopt: Adopt) -> None:
    (root / "var").mkdir()
    done = adopt(write(root / "var/in.csv", numbers()), "--target", "y")
    assert done.exit_code == 2 and "move the file elsewhere" in done.output
    assert (root / "var/in.csv").exists()


def test_only_what_depends_on_the_table_changes_in_the_settings(root: Path, adopt: Adopt) -> None:
    path = root / "config/project.yaml"
    before = path.read_text(encoding="utf-8")
    adopt(write(root / "in.csv", numbers(50)), "--target", "y")
    after = path.read_text(encoding="utf-8")
    assert "# where" in before or before.count("#") - after.count("#") < 5
    old, new = (yaml.safe_load(text) for text in (before, after))
    old.pop("replay", None)
    assert old.keys() == new.keys() - {"features"}
    assert old["serving"] == new["serving"] and old["seed"] == new["seed"]
    # Margins are shares of a loss: they fit every target.
    assert "performance_margin" not in new["monitoring"].keys() - old.get("monitoring", {}).keys()
    assert new.get("gate") == old.get("gate")


@pytest.mark.parametrize(
    ("content", "arguments", "said"),
    [
        ("x,y\n1,2\n", ["--target", "Y2"], "no such column; did you mean 'y'?"),
        ("x,y\n1,2\n", ["--target", "y", "--time", "t"], "--time t: no such column"),
        ("1.5,2\n1,2\n3,4\n", ["--target", "y"], "add a header"),
        ("", ["--target", "y"], "is empty"),
        ("x,y\n", ["--target", "y"], "has no rows"),
        ("x,y\n1,2\n3,2\n", ["--target", "y"], "all rows have the same value"),
        ("x,y\n1,\n3,\n", ["--target", "y"], "the column is empty"),
        (
            "x,y\n1,2\n3,4\n",
            ["--target", "y", "--time", "x"],
            "--time x: contains no dates that are read, e.g. 1; write ISO 8601",
        ),
        (
            "x,y\n1,2\n3,4\n",
            ["--target", "y", "--id", "y"],
            "--id y: the column is given as --target too",
        ),
        ("y\n1\n2\n", ["--target", "y"], "no column is left to predict y from"),
        ("x,y\n1,a\n2,b\n", ["--target", "y", "--problem", "regression"], "y is not numeric"),
        ("x,y\n1,a\n2,b\n", ["--target", "y", "--problem", "multiclass"], "y has 2 classes"),
        ("x,y\n1,2\n3,4\n", ["--target", "y", "--label-horizon", "soon"], "invalid duration"),
        ("x,y\n1,2\n3,4\n", ["--target", "y", "--query", "select 1"], "--query needs a database"),
        ("prediction,y\n1,2\n3,4\n", ["--target", "y"], "has the name of the model's output"),
        (b"PK\x03\x04\x00\x00", ["--target", "y"], "an Excel workbook or a zip archive"),
        (b"\x7fELF\x02\x01\x00\x00", ["--target", "y"], "is a binary file"),
    ],
)
def test_wrong_use_gets_one_sentence_and_changes_nothing(
    root: Path, adopt: Adopt, content: str | bytes, arguments: list[str], said: str
) -> None:
    (root / "in.csv").write_bytes(content if isinstance(content, bytes) else content.encode())
    before = everything(root)
    done = adopt("in.csv", *arguments)
    assert done.exit_code == 2, done.output
    assert said in " ".join(done.output.split())
    assert everything(root) == before


@pytest.mark.parametrize("in_file", [False, True])
def test_a_variable_about_a_section_that_goes_changes_nothing(
    root: Path, adopt: Adopt, monkeypatch: pytest.MonkeyPatch, *, in_file: bool
) -> None:
    path = write(root / "in.csv", numbers())
    if in_file:
        (root / ".env").write_text("FLIGHTS__REPLAY__UNTIL=2013-05-01\n", encoding="utf-8")
    else:
        monkeypatch.setenv("FLIGHTS__REPLAY__UNTIL", "2013-05-01")
    before = everything(root)
    done = adopt(path, "--target", "y")
    assert (done.exit_code, "replay.source" in done.output) == (2, True)
    assert everything(root) == before


def test_a_file_that_is_not_there_is_named(root: Path, adopt: Adopt) -> None:
    done = adopt("nothing.csv", "--target", "y")
    assert (done.exit_code, "nothing.csv" in done.output) == (2, True)


def test_declared_features_without_columns_are_disabled(root: Path, adopt: Adopt) -> None:
    done = adopt(write(root / "in.csv", numbers()), "--target", "y")
    assert f"- {', '.join(FEATURES.declared)} in features.py" in done.output
    assert "- the group `sample` in pyproject.toml" in done.output
    again = adopt("in.csv", "--target", "y", "--label-horizon", "3d", "--yes")
    assert again.exit_code == 0 and "features.py" not in again.output
    assert set(load_settings(root).features.disabled) == set(FEATURES.declared)
    assert not project_in(root).features.declared
    assert project_in(root).features.digest != FEATURES.digest


def test_requests_need_no_free_text(root: Path, adopt: Adopt) -> None:
    notes = [f"text {number * 2 // 3}" for number in range(300)]
    lines = ["note,x,y", *(f"{note},{at % 7},{at}" for at, note in enumerate(notes))]
    assert adopt(write(root / "in.csv", lines), "--target", "y").exit_code == 0
    (note,) = [column for column in contract(root).columns if column.name == "note"]
    assert (note.type, note.role) == ("text", "ignore")
    assert "note" not in [column.name for column in contract(root).inputs]


def test_a_second_run_shows_what_changed_and_asks(root: Path, adopt: Adopt) -> None:
    adopt(write(root / "in.csv", numbers()), "--target", "y")
    text = (root / "config/contract.yaml").read_text(encoding="utf-8")
    described = text.replace("    type: number\n", "    type: number\n    unit: kg\n", 1)
    (root / "config/contract.yaml").write_text(described, encoding="utf-8")
    assert "nothing was changed" in adopt("in.csv", "--target", "y").output
    lines = [f"{line},{number % 2}" for number, line in enumerate(numbers())]
    write(root / "in.csv", ["x,y,z,w", *lines[1:]])
    before = everything(root)
    asked = adopt("in.csv", "--target", "y")
    assert asked.exit_code == 2 and "--yes" in asked.output
    assert "+ w: boolean, feature" in asked.output
    assert everything(root) == before
    done = adopt("in.csv", "--target", "y", "--yes")
    assert done.exit_code == 0, done.output
    assert contract(root).column("x").unit == "kg"


def test_columns_keep_whatever_names_they_have(root: Path, adopt: Adopt) -> None:
    odd = [
        'say "hi"',
        "back\\slash",
        "bell\x07\x7f",
        "</script>",
        "é 😀",
        "# {{x}}: %s",
        "null",
        "0",
    ]
    table = {name: [float(number % 7 + at) for number in range(50)] for at, name in enumerate(odd)}
    pq.write_table(pa.table({**table, 'y"': list(range(50))}), root / "odd.parquet")
    done = adopt(str(root / "odd.parquet"), "--target", 'y"', "--problem", "regression")
    assert done.exit_code == 0, done.output
    assert [column.name for column in contract(root).columns] == [*odd, 'y"']
    found = CliRunner().invoke(cli, ["--root", str(root), "ingest"])
    assert found.exit_code == 0, found.output

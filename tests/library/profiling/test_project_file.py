"""Changes of the settings file that the template renders."""

from typing import Any

import pytest
import yaml
from jinja2 import Environment

from mlops_loop._profiling.project_file import changed_settings

from ..places import REPOSITORY

CHANGES: dict[tuple[str, ...], Any] = {
    ("source",): "in.csv",
    ("query",): None,
    ("csv", "delimiter"): ";",
    ("csv", "encoding"): "utf-8",
    ("features", "disabled"): ["weekday"],
    ("training", "folds"): 3,
    ("training", "holdout"): "70d",
    ("gate", "margin"): 0.3,
    ("monitoring", "min_labels"): 30,
    ("challenge", "min_labels"): 500,
}


@pytest.fixture(params=["binary", "multiclass"])
def rendered(request: pytest.FixtureRequest) -> str:
    path = REPOSITORY / "{{cookiecutter.project_slug}}/config/project.yaml"
    answers = {
        "problem": request.param,
        "package_name": "my_ml_project",
        "__project_name_quoted": '"My"',
        "prediction_log": "sqlite",
        "data_versioning": "none",
    }
    environment = Environment(trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True)
    template = environment.from_string(path.read_text(encoding="utf-8"))
    return template.render(cookiecutter=answers)


def test_commented_keys_are_set_in_their_place(rendered: str) -> None:
    changed = changed_settings(rendered, CHANGES, drop=("replay",))
    body, before = yaml.safe_load(changed), yaml.safe_load(rendered)
    assert body["source"] == "in.csv" and body["features"] == {"disabled": ["weekday"]}
    assert (body["training"], body["csv"]) == ({"holdout": "70d"}, {"delimiter": ";"})
    assert body["gate"] == {"margin": 0.3}
    assert body["monitoring"] == {**before.get("monitoring", {}), "min_labels": 30}
    lines = changed.splitlines()
    sections = [line.removeprefix("# ").partition(":")[0] for line in lines if ":" in line[:14]]
    sections = [name for name in sections if not name.startswith(" ")]
    assert len(sections) == len(set(sections))
    training = lines.index("training:")
    assert lines[training + 1].startswith("#   folds: 3")
    assert lines[training + 2].startswith("  holdout: 70d # the last days of the snapshot")


def test_defaults_are_not_written_and_nothing_is_left_of_a_dropped_section(rendered: str) -> None:
    changed = changed_settings(rendered, CHANGES, drop=("replay",))
    assert {"query", "challenge", "replay"}.isdisjoint(yaml.safe_load(changed))
    assert "rows_per_month" not in changed and "loop replay" not in changed
    kept = rendered[: rendered.index("\n# `loop replay`")].splitlines()
    assert len(changed.splitlines()) == len(kept)


def test_a_default_replaces_another_value(rendered: str) -> None:
    once = changed_settings(rendered, CHANGES)
    again = changed_settings(once, {("training", "holdout"): "14d", ("csv", "delimiter"): ","})
    assert yaml.safe_load(again)["training"] == {"holdout": "14d"}
    assert yaml.safe_load(again)["csv"] == {"delimiter": ","}


def test_a_changed_value_carries_its_reason(rendered: str) -> None:
    reasons = {("training", "holdout"): "two of #7 windows", ("training", "folds"): "not written"}
    changed = changed_settings(rendered, CHANGES, comments=reasons)
    assert "\n  holdout: 70d # two of #7 windows\n" in changed
    assert "not written" not in changed
    assert yaml.safe_load(changed) == yaml.safe_load(changed_settings(rendered, CHANGES))
    again = {("training", "holdout"): "28d"}
    second = changed_settings(changed, again, comments={("training", "holdout"): "four weeks"})
    assert "\n  holdout: 28d # four weeks\n" in second


def test_a_section_that_the_file_does_not_have_is_added() -> None:
    changed = changed_settings("source: a\n", {("training", "folds"): 2})
    assert yaml.safe_load(changed) == {"source": "a", "training": {"folds": 2}}

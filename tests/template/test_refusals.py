"""Answers that are refused: one sentence that helps, and nothing left behind."""

import json
import re
from pathlib import Path

import pre_gen_project
import pytest

from baking import cookiecutter
from toolbox import ROOT
from variants import options

GOOD = {
    "project_name": "My ML Project",
    "project_slug": "my-ml-project",
    "package_name": "my_ml_project",
    "description": "It learns.",
    "author_name": "Your Name",
    "author_email": "you@example.com",
    "python_version": "3.13",
    "model_library": "tensorflow",
    "prediction_log": "sqlite",
    "deploy_target": "docker",
    "__license_expression": "MIT",
}
BAD = [
    ("project_name", " "),
    ("project_name", "two\nlines"),
    ("project_name", "a\u2028b"),
    ("project_slug", ""),
    ("project_slug", "a/b"),
    ("project_slug", "a\\b"),
    ("project_slug", ".."),
    ("project_slug", "-dash"),
    ("project_slug", "with space"),
    ("project_slug", "CON"),
    ("project_slug", "mlflow"),
    ("project_slug", "Python3.11"),
    ("project_slug", "pip"),
    ("project_slug", "x" * 61),
    ("project_slug", "true"),
    ("project_slug", "NO"),
    ("project_slug", "My-Project"),
    ("project_slug", "a._b"),
    ("project_slug", "a___b"),
    ("package_name", ""),
    ("package_name", "true"),
    ("package_name", "null"),
    ("package_name", "on"),
    ("package_name", "y"),
    ("package_name", "my-package"),
    ("package_name", "2fast"),
    ("package_name", "Capital"),
    ("package_name", "größe"),
    ("package_name", "class"),
    ("package_name", "match"),
    ("package_name", "json"),
    ("package_name", "test"),
    ("package_name", "sitecustomize"),
    ("package_name", "pip"),
    ("package_name", "distutils"),
    ("package_name", "numpy"),
    ("package_name", "yaml"),
    ("package_name", "sklearn"),
    ("package_name", "starlette"),
    ("package_name", "tests"),
    ("package_name", "x" * 61),
    ("description", "bell\a"),
    ("author_name", "\t"),
    ("author_email", "nobody"),
    ("author_email", "a@b"),
    ("author_email", 'a"@example.com'),
    ("python_version", "3.14"),
]


@pytest.mark.parametrize(("question", "answer"), BAD)
def test_bad_answer_gets_one_sentence_with_one_that_would_do(
    question: str, answer: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert pre_gen_project.main({**GOOD, question: answer}) == 1
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert err.startswith(question) and err.endswith(".\n") and ". " not in err
    advice = re.findall(r"'([^']*)'", err)[-1]
    assert pre_gen_project.main({**GOOD, question: advice}) == 0


@pytest.mark.parametrize("target", sorted(set(options()["deploy_target"]) - {"docker", "none"}))
def test_a_file_is_no_prediction_log_where_the_disk_does_not_last(
    target: str, capsys: pytest.CaptureFixture[str]
) -> None:
    given = {**GOOD, "prediction_log": "sqlite", "deploy_target": target}
    assert pre_gen_project.main(given) == 1
    err = capsys.readouterr().err
    assert "prediction_log 'sqlite'" in err and f"deploy_target '{target}'" in err
    assert pre_gen_project.main({**given, "prediction_log": re.findall(r"'(\w+)'", err)[-1]}) == 0


@pytest.mark.parametrize("answers", [{}, {"description": ""}, {"package_name": "x" * 60}])
def test_good_answers_are_accepted_in_silence(
    answers: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert pre_gen_project.main({**GOOD, **answers}) == 0
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(("question", "answer"), [("package_name", "numpy"), ("project_slug", "-")])
def test_refused_project_leaves_nothing(tmp_path: Path, question: str, answer: str) -> None:
    done = cookiecutter(tmp_path, {question: answer})
    assert done.returncode != 0
    sentence = done.stderr.splitlines()[0]
    assert sentence.startswith(f"{question} {answer!r}")
    assert list(tmp_path.iterdir()) == []


def test_old_cookiecutter_is_refused_first(capsys: pytest.CaptureFixture[str]) -> None:
    # Cookiecutter 1.7 hands over the derived values as cookiecutter.json has them.
    derived = json.loads((ROOT / "cookiecutter.json").read_text(encoding="utf-8"))
    given = {**GOOD, **{name: derived[name] for name in derived if name.startswith("__")}}
    assert pre_gen_project.main(given) == 1
    err = capsys.readouterr().err
    assert err.startswith("This Cookiecutter is too old") and err.count("\n") == 1


@pytest.mark.parametrize("question", ["author_name", "project_name", "description"])
def test_truth_value_in_a_users_configuration_is_refused(tmp_path: Path, question: str) -> None:
    config = tmp_path / "config.yaml"
    config.write_text(f"default_context:\n  {question}: no\n")
    done = cookiecutter(tmp_path / "out", config=config)
    sentence = done.stderr.splitlines()[0]
    assert done.returncode != 0 and sentence.startswith(f"{question} is false")
    assert sentence.endswith(f"e.g. {question}: 'no'.")
    config.write_text(f"default_context:\n  {question}: 'no'\n  project_slug: sample\n")
    assert cookiecutter(tmp_path / "out", config=config).returncode == 0

"""Variants that with the default one take every light answer: installed, checked, loop played.

`make test-all` runs more of them: the heavy answers too, and every pair of answers.
"""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import RUNS

import behaviour
import covering
import toolbox
from variants import light_options, options

# Coverage, and tests side by side, are left to the default variant and to `make test-all`: here
# other tests have the second core, and each process of pytest would train a model of its own.
CHECK = 'make check ARGS="--no-cov --numprocesses 0"'
LOGS = toolbox.ROOT / "build" / "logs"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """The default variant is left to test_installed.py, which runs it command by command."""
    if "variant" in metafunc.fixturenames:
        _, *others = covering.each_answer(behaviour.runnable(light_options()))
        names = ["-".join(answers.values()) for answers in others]
        metafunc.parametrize("variant", others, ids=names)


def test_variant_works(
    variant: dict[str, str], tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    name = request.node.callspec.id
    rows = covering.each_answer(behaviour.runnable(light_options()))
    again = behaviour.adds_nothing_that_runs(variant, rows[: rows.index(variant)])
    run = behaviour.Run(name, variant)
    behaviour.prove(run, tmp_path, LOGS / name, check="" if again else CHECK)
    request.config.stash[RUNS].append(run)
    shutil.rmtree(tmp_path)
    assert run.passed, run.failed


def test_every_pair_of_answers_is_in_the_covering_set() -> None:
    choices = {"a": ["1", "2", "3"], "b": ["x", "y"], "c": ["p", "q"], "d": ["k", "l"]}
    rows = covering.each_pair(choices)
    assert rows[0] == {"a": "1", "b": "x", "c": "p", "d": "k"}
    assert set().union(*map(covering.pairs_of, rows)) == covering.all_pairs(choices)
    assert len(rows) <= 8


def test_answers_that_do_not_go_together_are_in_no_variant() -> None:
    choices = options()
    rows = covering.each_pair(choices)
    assert all(map(covering.go_together, rows))
    assert set().union(*map(covering.pairs_of, rows)) == covering.all_pairs(choices)


def test_a_choice_of_variants_that_holds_none_is_refused() -> None:
    command = [sys.executable, str(toolbox.ROOT / "tools" / "prove.py"), "--only", "ci=nowhere"]
    done = subprocess.run(command, capture_output=True, encoding="utf-8")
    assert done.returncode == 2
    assert "no variant of the covering set has these answers" in done.stderr


def test_every_answer_is_in_the_light_set() -> None:
    choices = behaviour.runnable(light_options())
    rows = covering.each_answer(choices)
    assert len(rows) == max(map(len, choices.values()))
    for question, answers in choices.items():
        assert {row[question] for row in rows} == set(answers)


def test_a_licence_is_nothing_that_runs() -> None:
    assert behaviour.quiet() == {"license"}
    default = {question: answers[0] for question, answers in options().items()}
    assert behaviour.adds_nothing_that_runs({**default, "license": "Proprietary"}, [default])
    assert not behaviour.adds_nothing_that_runs({**default, "ci": "none"}, [default])


def test_a_report_counts_what_passed_alone() -> None:
    choices = {"a": ["1", "2"], "b": ["x"]}
    runs = [
        {"name": "first", "answers": {"a": "1", "b": "x"}, "passed": True},
        {"name": "second", "answers": {"a": "2", "b": "x"}, "passed": False},
    ]
    found = covering.report(choices, runs)
    assert found["answers"] == {"a=1": ["first"], "a=2": [], "b=x": ["first"]}
    assert found["pairs"] == {"a=1 with b=x": ["first"], "a=2 with b=x": []}
    assert "2 of 3 answers and 1 of 2 pairs" in covering.lines(found, [])[-1]

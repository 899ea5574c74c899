"""Which variants to run so that each answer, or each pair of answers, is run at least once."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from typing import Any

from allpairspy import AllPairs

Choices = Mapping[str, Sequence[str]]
Answer = tuple[str, str]


def go_together(answers: Mapping[str, str]) -> bool:
    """Whether the hook accepts these answers, or some of a variant, together."""
    python, library = answers.get("python_version"), answers.get("model_library")
    log, target = answers.get("prediction_log"), answers.get("deploy_target", "none")
    no_python = python == "3.14" and library == "tensorflow"
    no_disk = log == "sqlite" and target not in ("docker", "none")
    return not (no_python or no_disk)


def each_answer(choices: Choices) -> list[dict[str, str]]:
    """As few variants as take each answer once: the default first, the others in step with it."""
    longest = max(map(len, choices.values()))
    return [
        {question: answers[at % len(answers)] for question, answers in choices.items()}
        for at in range(longest)
    ]


def each_pair(choices: Choices) -> list[dict[str, str]]:
    """Variants that take each pair of answers that go together, the default first."""
    default = {question: answers[0] for question, answers in choices.items()}
    values = [list(answers) for answers in choices.values()]
    found = [dict(zip(choices, row, strict=True)) for row in AllPairs(values)]
    rows = [default, *(row for row in found if row != default and go_together(row))]
    # The variants that cannot be took other pairs with them.
    for pair in sorted(all_pairs(choices) - set().union(*map(pairs_of, rows))):
        if not any(pair in pairs_of(row) for row in rows):
            rows.append(completed(dict(pair), choices))
    return rows


def completed(answers: Mapping[str, str], choices: Choices) -> dict[str, str]:
    """Answers with those of the other questions: for each the first that goes with the others."""
    row = dict(answers)
    for question, possible in choices.items():
        if question not in row:
            row[question] = next(each for each in possible if go_together({**row, question: each}))
    return {question: row[question] for question in choices}


def pairs_of(answers: Mapping[str, str]) -> set[tuple[Answer, Answer]]:
    return set(combinations(answers.items(), 2))


def all_pairs(choices: Choices) -> set[tuple[Answer, Answer]]:
    return {
        ((first, one), (second, other))
        for first, second in combinations(choices, 2)
        for one in choices[first]
        for other in choices[second]
        if go_together({first: one, second: other})
    }


def report(choices: Choices, runs: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Which run proved which answer and which pair; runs that failed prove nothing.

    A run has a `name`, its `answers`, and `passed`.
    """
    proven = [run for run in runs if run["passed"]]
    by_answer = {
        f"{question}={answer}": [
            run["name"] for run in proven if run["answers"].get(question) == answer
        ]
        for question, answers in choices.items()
        for answer in answers
    }
    by_pair: dict[tuple[Answer, Answer], list[str]] = {
        pair: [] for pair in sorted(all_pairs(choices))
    }
    for run in proven:
        for pair in pairs_of({question: run["answers"][question] for question in choices}):
            by_pair[pair].append(run["name"])
    return {
        "answers": by_answer,
        "pairs": {
            f"{'='.join(one)} with {'='.join(other)}": names
            for (one, other), names in by_pair.items()
        },
    }


def lines(found: Mapping[str, Any], static: Iterable[str], heavy: Iterable[str] = ()) -> list[str]:
    """The report as people read it.

    `static` names the answers that nothing here can run, `heavy` those that take too long for
    every day.
    """
    proofs = {
        **dict.fromkeys(heavy, ["proven statically, and run by make test-all"]),
        **dict.fromkeys(static, ["proven statically, and by the matrix of CI"]),
    }
    rows = {
        what: names or proofs.get(what, ["NOT RUN"]) for what, names in found["answers"].items()
    }
    width = max(map(len, rows))
    table = [f"  {what:{width}}  {', '.join(names)}" for what, names in rows.items()]
    answers, pairs = found["answers"].values(), found["pairs"].values()
    return [
        *table,
        f"{sum(map(bool, answers))} of {len(answers)} answers and "
        f"{sum(map(bool, pairs))} of {len(pairs)} pairs of answers were run",
    ]

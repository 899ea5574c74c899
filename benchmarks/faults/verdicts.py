"""Whether each decision of a loop was taken once, and all that tell of it agree."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from .errors import FaultsError
from .stage import Finding, Stage

# How an attempt ends in the audit log; with promotion by trial.
_OUTCOMES = ("challenge", "waiting", "unchanged", "gate_rejected", "retrain_failed")
_TRANSITIONS = ("promote", "challenge", "reject", "confirm", "rollback")

Entry = Mapping[str, Any]
Command = Callable[..., tuple[int, str]]


def judge(
    stage: Stage,
    settings: Mapping[str, str],
    settle: Callable[[Callable[[], bool]], bool],
    run: Command,
) -> Iterator[Finding]:
    """Once what was interrupted has come to its end."""

    def told() -> dict[str, Any]:
        found: dict[str, Any] = stage.subject.ask("decisions", settings=settings)
        return found

    settle(lambda: not _open(told()["entries"]))
    found = told()
    yield _attempts(found)
    yield _overlaps(found)
    yield _transitions(found)
    code, said = run("doctor")
    last = next((line for line in said.splitlines() if "BAD" in line), said.strip()[-200:])
    yield Finding(
        "`doctor` at the end", f"exit code {code}" + (f": {last}" if code else ""), not code
    )


def _open(entries: Sequence[Entry]) -> bool:
    """Whether the last attempt has no outcome yet."""
    kinds = [entry["kind"] for entry in entries if entry["kind"] in ("retrain", *_OUTCOMES)]
    return kinds[-1:] == ["retrain"]


def _attempts(found: Mapping[str, Any]) -> Finding:
    """Each attempt: one entry that it began, one outcome before the next, and one version."""
    entries = [each for each in found["entries"] if each["kind"] in ("retrain", *_OUTCOMES)]
    names = [each["details"]["attempt"] for each in entries if each["kind"] == "retrain"]
    if not names:
        return Finding("retrainings", "there was none: let it run longer", False)
    wrong = [f"{name} began twice" for name in set(names) if names.count(name) > 1]
    for before, after in pairwise([*entries, {"kind": "retrain", "reason": "the end"}]):
        if (before["kind"] == "retrain") == (after["kind"] == "retrain"):
            wrong.append(f"{before['kind']} is followed by {after['kind']}: {after['reason']}")
    versions: dict[str | None, list[str]] = {name: [] for name in names}
    for version in found["versions"]:
        versions.setdefault(version["attempt"], []).append(version["version"])
    failed = 0
    for begun, outcome in zip(entries[::2], entries[1::2], strict=False):
        made = versions[begun["details"]["attempt"]]
        if outcome["kind"] == "retrain_failed":
            failed += 1
        elif made != [outcome["details"]["version"]]:
            wrong.append(f"{outcome['kind']} of {outcome['details']['version']}, made {made}")
    words = (
        f"{len(names)} attempts, {failed} failed; {len(wrong)} without one outcome and one version"
    )
    return Finding("retrainings in the audit log", _with_first(words, wrong), not wrong)


def _overlaps(found: Mapping[str, Any]) -> Finding:
    runs = sorted(found["trainings"], key=lambda run: run["began"])
    wrong = [
        f"{before['attempt']} and {after['attempt']}"
        for before, after in pairwise(runs)
        if after["began"] < before["ended"]
    ]
    words = f"{len(runs)} finished, {len(wrong)} beside another"
    return Finding("trainings in MLflow", _with_first(words, wrong), bool(runs) and not wrong)


def _transitions(found: Mapping[str, Any]) -> Finding:
    """Each begins where the one before ended, the intent stands before it, the pointer agrees."""
    intents, wrong, last, done = 0, list[str](), None, 0
    for entry in found["entries"]:
        details = entry["details"]
        if entry["kind"] == "intent":
            intents += 1
        elif entry["kind"] == "dropped":
            intents -= 1
        elif entry["kind"] in _TRANSITIONS:
            intents, done = intents - 1, done + 1
            if last is not None and details["before"] != last:
                wrong.append(f"{entry['kind']} of {details['version']} begins elsewhere")
            last = details["after"]
        if intents not in (0, 1):
            wrong.append(f"{entry['kind']} at {entry['time']}: {intents} intents are open")
    if last is None:
        raise FaultsError("the project has no champion")
    agree = all(last.get(role) == found[role] for role in ("champion", "challenger"))
    words = f"{done} transitions, {intents} open, {len(wrong)} that do not follow"
    words += "" if agree else "; the pointer names others"
    good = not wrong and not intents and agree
    return Finding("decisions, from the audit log to the pointer", _with_first(words, wrong), good)


def _with_first(words: str, wrong: Sequence[str]) -> str:
    return f"{words}: {wrong[0]}" if wrong else words

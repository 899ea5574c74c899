"""Phrases and identifiers that this repository no longer uses, with what to say instead.

Listed are only phrases and names that were in use here and that no reader of this field would
search for. Ordinary words are never checked.
"""

import io
import keyword
import re
import subprocess
import tokenize
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from toolbox import ROOT

# Regular expressions, in any case; what to say instead.
PHRASES = {
    r"whoever": "the user, the caller, the process that …",
    r"those who ask": "callers",
    r"at fault": "cause; `is_backend_error`",
    r"fault of the program": "internal error; re-run with --debug for a traceback",
    r"what (has )?bec[oa]me?s? of": "outcome, result; label",
    r"at work": "in flight, running",
    r"another process (that )?is at it": "another process is running",
    r"(is|are) borne|bearable": "limit",
    r"(?<!there\s)is no (duration|date|number|column)\b": "invalid duration …: expected …, e.g. …",
    r"\b(write|option|span|duration|date|ISO 8601|sent|told|take|time), as \d": "e.g.",
    r"(is|are|was|were) let be": "skipped",
    r"come to grief": "break",
    r"turned away": "rejected",
    r"is barred|are barred": "rejected",
    r"who knows better": "to override the gate, run `promote VERSION --force`",
    r"sits? (down|at the desk)": "holds the lease",
    r"in the mean\b(?!:)": "on average, mean",
    r"\bshall\b": "should, has to, is to",
    r"is away\b|are away\b": "unavailable",
    r"begins? anew|begun anew": "start over, start empty",
    r"the way things stand|where the loop stands": "the state of the loop",
    r"asks? for nothing": "needs no",
    r"is any the wiser": "knows",
    r"\bgravest\b": "most severe",
    r"surroundings": "environment",
    r"the champion before\b(?! it)": "the previous champion",
}
NAMES = {
    # loop
    "KeptState": "LeasedStateStore",
    "Kept": "StoredState",
    "Desk": "LeaseHolder",
    "_seated": "_step_with_lease",
    "_beat": "_heartbeat",
    "Evidence": "LossDifference",
    "Trialled": "ModelPair",
    "Hearing": "ChallengerEvaluator",
    "hear": "decide_trial",
    "hearing": "evaluator",
    "Judgement": "TrialResult",
    "Ruling": "TrialDecision",
    "barred": "check_guardrails",
    "Story": "ReplayReport",
    "Reaction": "PlannedAction",
    "hindrance": "blocked_reason",
    "Conduct": "GuardrailMetrics",
    "Bets": "SequentialTest",
    "wealth": "e_process",
    "find_change": "detect_change_point",
    "Attempt": "RetrainingRequest",
    "Retrained": "RetrainingResult",
    "appoint": "assign_role",
    "Audience": "ProgressListener",
    # contract and data
    "objection": "violation",
    "plain_spelling": "normalize_text",
    "BodyRefused": "InvalidRequestBody",
    "Examined": "ValidationReport, EvaluatedModel",
    "Intake": "RowCollector",
    "Written": "ParseOptions",
    "Drawn": "SampledTable",
    "Concluded": "InferredColumn",
    "Guess": "InferredType",
    "replacing": "atomic_write",
    "exclusive": "file_lock",
    # models, evaluation, monitoring
    "Recipe": "NetworkConfig",
    "rows_in_a_leaf": "min_samples_leaf",
    "Contest": "HoldoutPredictions",
    "Judging": "MonitoringRun",
    "Verdict": "GateResult, MonitoringStatus",
    "rarely": "alpha",
    "SliceGain": "SliceComparison",
    "Alarms": "AlertTracker",
    "deliver_waiting": "retry_pending_alerts",
    "NeverError": "PermanentDeliveryError",
    "Worsening": "PerformanceDelta",
    "PATIENCE": "TIMEOUT_SECONDS",
    "share_one_heap": "MALLOC_ARENA_MAX",
    "promote_anyway": "force_promote",
    "give_role": "assign_role",
    "with_tail": "append_postprocessing",
    "wrong_yes": "false_positive",
    "wrong_no": "false_negative",
    "drift_alone": "drift_only",
    "max_unanswered": "max_missing_predictions",
    # stores, serving, replay
    "in_a_row": "consecutive_runs",
    "GroupWriter": "GroupCommitWriter",
    "hand_over": "submit_write",
    "is_at_fault": "is_backend_error",
    "set_aside": "archive",
    "StoreAwayError": "StoreUnavailableError",
    "is_away": "is_unavailable",
    "Tally": "ReplayStats",
    "Asked": "ReplayRow, PendingRequest",
    "take_up": "resume",
    "Reception": "RequestLifecycle",
    "Gathering": "MicroBatcher",
    "predict_together": "predict_batch",
    "may_block": "run_in_threadpool",
    "Refusal": "LoadFailure",
    "Slots": "ConcurrencyLimiter",
    "allow_open_files": "raise_fd_limit",
    "store_in_doubt": "StoreHealth",
    "TrainedOn": "TrainingWindow",
    "Phases": "StageTimer",
}
# Keys, metrics and the like, wherever they stand.
KEYS = {
    "requests_at_work": "http_requests_in_flight",
    "model_made_seconds": "model_created_timestamp_seconds",
    "monitoring_trouble": "monitoring_alert_active",
    "log_spooled": "prediction_log_backlog",
    "otherwise: reject": "on_violation: reject",
    "otherwise: warn": "on_violation: warn",
}
# Between two words of a phrase, which may be on two lines of a comment.
GAP = r"\s+(?:(?:#:?|//|\*)\s+)?"
THIS = Path(__file__).name
# Texts of others, and what is made by tools.
SKIPPED = re.compile(
    rf"LICENSE|poetry\.lock|CHANGELOG|package-lock|tools/requirements/|\.(whl|png|json)$|{THIS}$"
)


@cache
def tracked() -> tuple[Path, ...]:
    """The text files of the repository."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    names = {name for name in done.stdout.split("\0") if name and not SKIPPED.search(name)}
    paths = [ROOT / name for name in sorted(names)]
    return tuple(path for path in paths if path.is_file() and not path.is_symlink())


def retired(text: str) -> Iterator[tuple[int, str, str]]:
    """Line, phrase and replacement."""
    for phrase, instead in PHRASES.items():
        pattern = rf"\b(?:{phrase})".replace(" ", GAP)
        for found in re.finditer(pattern, text, re.IGNORECASE):
            yield text.count("\n", 0, found.start()) + 1, " ".join(found[0].split()), instead
    for key, instead in KEYS.items():
        for found in re.finditer(re.escape(key), text):
            yield text.count("\n", 0, found.start()) + 1, key, instead


def names(text: str) -> Iterator[tuple[int, str, str]]:
    """Line, identifier and replacement; words in texts and comments are no identifiers."""
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.NAME and token.string in NAMES:
            yield token.start[0], token.string, NAMES[token.string]


def test_retired_phrases_and_names_are_not_used() -> None:
    lines = []
    for path in tracked():
        text = path.read_text(encoding="utf-8")
        uses = [*retired(text), *(names(text) if path.suffix == ".py" else ())]
        lines += [
            f"{path.relative_to(ROOT)}:{line}: {phrase!r}: say {instead}"
            for line, phrase, instead in sorted(uses)
        ]
    assert not lines, "\n" + "\n".join(lines)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("ok\nWhoever asks is answered", 2),
        ("# what became\n# of it", 1),
        ("x = 1  # ten requests are at\n    # work", 1),
        ("kind: requests_at_work", 1),
    ],
)
def test_a_retired_phrase_is_found_across_lines_with_its_place(text: str, line: int) -> None:
    ((where, _, _),) = retired(text)
    assert where == line


def test_identifiers_are_found_in_code_alone() -> None:
    assert [line for line, _, _ in names("# Desk\nseat = Desk()\n'Desk'\n")] == [2]
    assert not any(map(keyword.iskeyword, NAMES))

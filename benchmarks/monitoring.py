"""How often monitoring raises a false alarm, and how often it catches what is planted.

Takes a rendered project that has a champion and asks its own three questions about windows drawn
from the champion's held-out rows: as they are, with a change planted in one column, and with
outcomes that no longer follow the inputs. Beside it, how often real periods that follow one another
raise an alarm.
"""

import argparse
import json
import sys
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from math import sqrt
from pathlib import Path
from typing import Any

import numpy as np
from common import load_project

SIZES = (500, 2_000, 10_000)
LABELS = (300, 500, 1_000, 2_000, 5_000)
QUESTIONS = ("drift", "quality", "performance")
PERIOD = timedelta(days=14)
NEW, SHIFT, LOST = 0.1, 0.5, 0.3
# By unit: what the same quantity is in another one.
UNITS: dict[str, Callable[[Any], Any]] = {
    "miles": lambda values: values * 1.609,
    "mph": lambda values: values * 1.609,
    "°F": lambda values: (values - 32) / 1.8,
    "percent": lambda values: values / 100,
    "inches": lambda values: values * 25.4,
    "mbar": lambda values: values * 0.02953,
    "degrees": lambda values: np.radians(values),
    "minutes": lambda values: values * 60,
}

Columns = dict[str, Any]
# Changes columns in place and says which; None where it concerns none by itself.
Change = Callable[[Any, Columns], set[str]]


@dataclass(frozen=True)
class Outcome:
    """What the three questions said about a window."""

    answers: dict[str, bool]
    named: dict[str, set[str]]

    @property
    def active_alert(self) -> bool:
        return any(self.answers.values())

    @property
    def finds(self) -> bool:
        return self.active_alert or any(self.named.values())


class Monitor:
    """The questions of a project, put to rows in memory."""

    def __init__(self, root: Path) -> None:
        self.project = load_project(root)
        from mlops_loop._bundle import read_bundle
        from mlops_loop._predictor import BundlePredictor
        from mlops_loop.contract._evidently_definition import compared_columns
        from mlops_loop.monitoring._samples import reference_sample

        self.settings, self.contract = self.project.settings, self.project.contract
        champion = self.project.published().champion
        if champion is None:
            sys.exit(f"{root} has no champion: run its `train` first")
        self.bundle = read_bundle(self.project.bundles.fetch(champion))
        self.predictor = BundlePredictor(self.bundle, self.project.features)
        self.compared = compared_columns(self.contract)
        self.pool = reference_sample(self.contract, self.bundle, sys.maxsize, 0)

    def sample(self, columns: Columns, labels: Any) -> Any:
        """Rows with what the champion says of them."""
        from mlops_loop.monitoring._samples import Sample

        predicted = self.predictor.predict(columns)
        scores = predicted.probabilities
        if scores is None:
            scores = np.array(predicted.values, dtype=np.float64)
        return Sample(columns, scores, labels)

    def sampled_table(self, random: Any, rows: int) -> tuple[Columns, Any]:
        """Rows of the champion's holdout, with replacement, and their outcomes."""
        at = random.integers(0, len(self.pool), rows)
        return {name: values[at] for name, values in self.pool.columns.items()}, self.pool.labels[
            at
        ]

    def reference(self, rows: int) -> Any:
        from mlops_loop.monitoring._samples import reference_sample

        return reference_sample(self.contract, self.bundle, rows, self.settings.seed)

    def judge(self, reference: Any, window: Any) -> Outcome:
        from mlops_loop.contract._check import check_columns
        from mlops_loop.monitoring._drift import find_drift
        from mlops_loop.monitoring._quality import find_quality

        thresholds = self.settings.monitoring
        drift = find_drift(
            self.contract,
            thresholds,
            reference=reference,
            window=window,
            importances=self.bundle.manifest.importances,
        )
        quality = find_quality(
            self.contract,
            thresholds.max_violation_share,
            reference=reference,
            checked=check_columns(self.contract, window.columns),
            encoder=self.bundle.encoder,
        )
        worse = self.worse(reference, window)
        named = {
            "drift": {one.column for one in drift.findings if one.column},
            "quality": {one.column for one in quality if one.column},
        }
        return Outcome(
            {"drift": drift.is_alarm, "quality": bool(quality), "performance": worse}, named
        )

    def worse(self, reference: Any, window: Any) -> bool:
        """What the question about performance says of labelled rows."""
        settings = self.settings
        if window.labels is None or len(window) < settings.monitoring.min_labels:
            return False
        from my_ml_project.metrics import METRIC

        from mlops_loop.monitoring._performance_measure import measure

        metric = METRIC.for_problem(self.contract.problem)
        delta = measure(
            self.contract, metric, reference=reference, window=window, seed=settings.seed
        )
        margin = settings.monitoring.performance_margin
        return delta is not None and bool(delta.is_worse(margin))

    def numeric(self, columns: Columns) -> list[str]:
        return [one.name for one in self.compared if one.type in ("integer", "number")]

    def shift(self, random: Any, columns: Columns) -> set[str]:
        """The mean moves by half a standard deviation."""
        name = random.choice(self.numeric(columns))
        columns[name] = columns[name] + SHIFT * np.nanstd(self.pool.columns[name])
        return {name}

    def new_category(self, random: Any, columns: Columns) -> set[str]:
        """A value that was never seen, in 10 % of the rows."""
        name = random.choice([one.name for one in self.compared if one.type == "category"])
        columns[name] = columns[name].copy()
        columns[name][random.random(len(columns[name])) < NEW] = "never seen"
        return {name}

    def constant(self, random: Any, columns: Columns) -> set[str]:
        """A column that says the same in every row: what it says most often."""
        from mlops_loop.contract._columns import missing

        name = random.choice([one.name for one in self.compared])
        values = self.pool.columns[name]
        known = values[~missing(values)]
        found, counts = np.unique(known, return_counts=True)
        columns[name] = np.full(len(columns[name]), found[counts.argmax()], dtype=values.dtype)
        return {name}

    def unit(self, random: Any, columns: Columns) -> set[str]:
        """The same quantity in another unit."""
        name = random.choice(self.numeric(columns))
        unit = (self.contract.by_name[name].unit or "").partition(" ")[0]
        columns[name] = UNITS.get(unit, lambda values: values * 2.54)(columns[name])
        return {name}

    def join(self, random: Any, columns: Columns) -> set[str]:
        """An upstream table is missing for 30 % of the rows, with all that came from it."""
        names = [one.name for one in self.compared if one.nullable]
        names = names or [random.choice([one.name for one in self.compared])]
        lost = random.random(len(columns[names[0]])) < LOST
        for name in names:
            columns[name] = columns[name].copy()
            columns[name][lost] = None if columns[name].dtype == object else np.nan
        return set(names)

    # What is counted.

    def windows(
        self, runs: int, size: int, change: Change | None
    ) -> Iterator[tuple[set[str], Outcome]]:
        reference = self.reference(size)
        for seed in range(runs):
            random = np.random.default_rng([size, seed])
            columns, labels = self.sampled_table(random, size)
            changed = change(random, columns) if change else set()
            yield changed, self.judge(reference, self.sample(columns, labels))

    def concept(self, runs: int, labels: int) -> float:
        """Share of the windows called worse where outcomes no longer follow the inputs."""
        reference = self.reference(self.settings.monitoring.sample_rows)
        worse = 0
        for seed in range(runs):
            random = np.random.default_rng([labels, seed])
            columns, labels = self.sampled_table(random, labels)
            worse += self.worse(reference, self.sample(columns, random.permutation(labels)))
        return worse / runs

    def periods(self) -> list[Outcome]:
        """Fortnights of the sample, each compared with the one before."""
        from mlops_loop.contract._arrow import from_arrow, table_columns
        from mlops_loop.contract._casting import read_table
        from mlops_loop.data._months import sample_months
        from mlops_loop.data._sources import open_source, read_all
        from mlops_loop.data._validation import validate
        from mlops_loop.evaluation._target import encode_target

        settings, contract = self.settings, self.contract
        replay = settings.replay
        if replay is None or contract.time is None:
            return []
        source = open_source(replay.source, settings)
        table = read_table(table_columns(contract), read_all(source, contract)).table
        table = table.filter(validate(contract, table).accepted)
        months = table[contract.time.name].to_numpy()
        kept = sample_months(months, replay.rows_per_month, settings.seed)
        stream = from_arrow(contract, table.take(kept))
        labels = encode_target(contract, stream)
        times = stream[contract.time.name]
        starts = np.arange(times.min(), times.max() - PERIOD, np.timedelta64(PERIOD))
        rows = [np.flatnonzero((times >= at) & (times < at + PERIOD)) for at in starts]
        samples = [
            self.sample({name: values[at] for name, values in stream.items()}, labels[at])
            for at in rows
        ]
        return [self.judge(before, after) for before, after in zip(samples, samples[1:])]


def bound(runs: int, share: float = 0.05) -> float:
    """Largest share of so many runs that still is compatible with one: 95 % one-sided."""
    return share + 1.645 * sqrt(share * (1 - share) / runs)


def caught(question: str, changed: set[str], verdict: Outcome) -> bool:
    """Whether the question names what was changed, and of the changed columns alone."""
    named = verdict.named[question] - {"prediction"}
    return bool(named) and named <= changed


def _answered(question: str, verdict: Outcome) -> bool:
    return verdict.answers[question]


def percent(shares: Sequence[float]) -> str:
    return "".join(f"{share:>9.1%}" for share in shares)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("project", type=Path, help="a rendered project with a champion")
    parser.add_argument("--runs", type=int, default=400, help="windows without a change")
    parser.add_argument("--planted", type=int, default=100, help="windows for each change")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    monitor = Monitor(options.project.resolve())
    found: dict[str, Any] = {"runs": options.runs, "planted": options.planted}

    print(f"{'rows in the window':34}" + "".join(f"{size:>9}" for size in options.sizes))
    quiet = {
        size: [verdict for _, verdict in monitor.windows(options.runs, size, None)]
        for size in options.sizes
    }
    rows: dict[str, Callable[[Outcome], bool]] = {"any alarm": lambda one: one.active_alert}
    rows |= {f"alarm: {question}": partial(_answered, question) for question in QUESTIONS}
    rows["any finding at all"] = lambda one: one.finds
    for name, is_so in rows.items():
        shares = [float(np.mean([is_so(one) for one in quiet[size]])) for size in options.sizes]
        found[name] = shares
        print(f"{name:34}{percent(shares)}")
    print(f"{'compatible with 5 % up to':34}{bound(options.runs):>9.1%}")

    for name, question, change in (
        ("mean shifted by half a deviation", "drift", monitor.shift),
        ("a new category, 10 %", "quality", monitor.new_category),
        ("a column becomes constant", "quality", monitor.constant),
        ("another unit", "drift", monitor.unit),
        ("a broken join, 30 %", "quality", monitor.join),
    ):
        shares, missed = [], Counter[str]()
        for size in options.sizes:
            results = list(monitor.windows(options.planted, size, change))
            good = [caught(question, changed, verdict) for changed, verdict in results]
            missed.update(
                f"{'/'.join(sorted(changed))}→{'/'.join(sorted(verdict.named[question])) or '–'}"
                for ok, (changed, verdict) in zip(good, results)
                if not ok
            )
            shares.append(float(np.mean(good)))
        found[name] = {"question": question, "caught": shares, "missed": dict(missed)}
        print(f"{name:34}{percent(shares)}  {question}; missed: {dict(missed.most_common(4))}")

    shares = [monitor.concept(options.planted, labels) for labels in LABELS]
    found["concept"] = dict(zip(map(str, LABELS), shares))
    print(f"{'labels':34}" + "".join(f"{labels:>9}" for labels in LABELS))
    print(f"{'outcomes no longer follow inputs':34}{percent(shares)}  performance")

    real = monitor.periods()
    for name, is_so in rows.items():
        share = float(np.mean([is_so(one) for one in real])) if real else float("nan")
        found[f"fortnights, {name}"] = share
        print(f"fortnights, {name:22}{share:>9.1%}")
    columns = Counter(name for one in real for names in one.named.values() for name in names)
    found["fortnights, columns"] = dict(columns)
    print(f"of {len(real)} fortnights, each against the one before; named: {dict(columns)}")
    if options.json:
        options.json.write_text(json.dumps(found, indent=2, ensure_ascii=False))


if __name__ == "__main__":
    main()

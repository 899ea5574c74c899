"""How often the gate refuses a model for a slice, though it is as good as the champion.

Takes a rendered project and uses the slices, the bootstrap and the margins of its gate. Two models
are equally good by construction: both see the truth through noise of the same size, of their own,
on each row and on each day. Every gate has its own rows. A margin of zero is the hard case: there
the share should be near what the confidence allows; the project's own margin is what it runs with.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
from common import load_project

# As the flights: fourteen days held out, a quarter is positive; three columns make the slices.
_DAYS, _ROWS_A_DAY = 14, 400
_VALUES = (3, 12, 20)
_LOGIT, _SIGNAL, _ROW_NOISE, _DAY_NOISE = -1.2, 0.8, 0.6, 0.3


class Gate:
    """The gate of a project, and what its settings ask of it."""

    def __init__(self, project: Path) -> None:
        self.settings = load_project(project).settings.gate

    def refuses(self, seed: int, unit: str, margin: float) -> tuple[bool, int]:
        """Whether any slice fails, and how many slices there were."""
        from mlops_loop.evaluation._bootstrap import Resampling
        from mlops_loop.evaluation._metrics import log_loss
        from mlops_loop.evaluation._slices import compare_slices

        random = np.random.default_rng(seed)
        day = np.repeat(np.arange(_DAYS), _ROWS_A_DAY)
        signal = random.normal(size=len(day))
        labels = (random.random(len(day)) < _sigmoid(_LOGIT + _SIGNAL * signal)).astype(int)
        models = (
            self._answers(random, signal, day, unit),
            self._answers(random, signal, day, unit),
        )
        resampling = Resampling(
            clusters=day if unit == "day" else np.arange(len(day)),
            resamples=self.settings.resamples,
            confidence=self.settings.confidence,
            seed=seed,
        )
        slices = self._slices(random, len(day))
        compared = compare_slices(slices, labels, models, log_loss, resampling, margin)
        return any(one.failed for one in compared), len(slices)

    def _answers(self, random: Any, signal: Any, day: Any, unit: str) -> Any:
        noise = random.normal(scale=_ROW_NOISE, size=len(day))
        if unit == "day":
            noise = noise + random.normal(scale=_DAY_NOISE, size=_DAYS)[day]
        yes = _sigmoid(_LOGIT + _SIGNAL * signal + noise)
        return np.stack([1 - yes, yes], axis=1)

    def _slices(self, random: Any, rows: int) -> list[Any]:
        from mlops_loop.evaluation._slices import Slice

        columns = {count: random.integers(0, count, rows) for count in _VALUES}
        every = [
            Slice(f"{count} values", str(value), np.flatnonzero(values == value))
            for count, values in columns.items()
            for value in range(count)
        ]
        return [one for one in every if len(one.rows) >= self.settings.slice_rows]


def _sigmoid(value: Any) -> Any:
    return 1 / (1 + np.exp(-value))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("project", type=Path, help="a rendered project")
    parser.add_argument("--gates", type=int, default=200)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    gate = Gate(options.project.resolve())
    own = gate.settings.slice_factor * gate.settings.margin
    found = []
    for unit in ("row", "day"):
        for margin in (0.0, own):
            told = [gate.refuses(seed, unit, margin) for seed in range(options.gates)]
            share = float(np.mean([refused for refused, _ in told]))
            slices = float(np.mean([count for _, count in told]))
            found.append({"unit": unit, "margin": margin, "slices": slices, "refused": share})
            print(f"rows alike by {unit}, margin {margin:g}: {share:.1%} of {options.gates} gates")
    if options.json:
        options.json.write_text(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()

"""How much loss a trial saves by its settings: `python -m benchmarks.decisions.loss_saved`.

The true advantage of a challenger is normal around 1 % of the loss, with a standard deviation of
2 %; days vary by 6 % and resemble each other (AR .3). A trial of 60 days is looked at every day,
and what is promoted serves for the rest of 180 days.
"""

import numpy as np

from mlops_loop.loop._sequential_test import FEWEST_UNITS, repeated_interval

RUNS, TRIAL, PERIOD, CORRELATION = 1_500, 60, 180, 0.3
# Error rate, margin in per cent, and whether the better mean serves in the end.
RULES = {
    "the defaults": (0.05, 0.0, False),
    "`error_rate: 0.2`": (0.2, 0.0, False),
    "`margin: 0.01`": (0.05, 1.0, False),
    "`undecided: better_mean`": (0.05, 0.0, True),
    "`margin: 0.01`, `undecided: better_mean`": (0.05, 1.0, True),
}


def promoted_on(days: np.ndarray, rule: tuple[float, float, bool]) -> int | None:
    """The day on which the challenger is promoted; None if it is rejected."""
    error_rate, margin, better_mean = rule
    for day in range(FEWEST_UNITS, TRIAL + 1):
        found = repeated_interval(days[:day], np.ones(day), error_rate, day / TRIAL)
        if found.low > -margin and found.value > 0:
            return day
        if found.high < 0:
            return None
    return TRIAL if better_mean and found.value > 0 else None


def main() -> None:
    random = np.random.default_rng(1)
    gains = random.normal(1, 2, RUNS)
    noise = random.normal(size=(RUNS, TRIAL))
    for day in range(1, TRIAL):
        fresh = noise[:, day] * np.sqrt(1 - CORRELATION**2)
        noise[:, day] = CORRELATION * noise[:, day - 1] + fresh
    days = gains[:, np.newaxis] + 6 * noise
    print(f"best possible: {np.maximum(gains, 0).mean():.2f} %")
    for name, rule in RULES.items():
        ends = np.array([promoted_on(each, rule) or PERIOD for each in days])
        promoted = ends < PERIOD
        saved = (gains * (PERIOD - ends) / PERIOD).mean()
        worse = promoted[gains < -1].mean()
        print(f"| {name} | {promoted.mean():.0%} | {worse:.1%} | {saved:.2f} % |")


if __name__ == "__main__":
    main()

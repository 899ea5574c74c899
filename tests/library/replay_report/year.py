"""A year as the loop tells it: ten months, seven versions, and what was decided when."""

import math
from dataclasses import replace
from datetime import UTC, datetime

from mlops_loop._loop_replay.report.report import Decision, Month, ReplayReport, VersionSpan
from mlops_loop.evaluation._interval import Interval

NEVER = (0.709, 0.633, 0.688, 0.668, 0.658, 0.625, 0.630, 0.628, 0.645, 0.705)
RETRAINED = (0.709, 0.641, 0.754, 0.755, 0.752, 0.698, 0.720, 0.677, 0.682, 0.726)
RATES = (0.223, 0.276, 0.231, 0.301, 0.302, 0.221, 0.148, 0.162, 0.163, 0.313)
RAIN = (0.04, 0.05, 0.12, 0.28, 0.09, 0.09, 0.07, 0.01, 0.08, 0.12)
GUSTS = (24.8, 23.9, 22.6, 22.1, 20.4, 19.8, 20.9, 22.7, 25.6, 24.1)
DRIFT = {
    "temperature": (1.2, 4.8, 7.9, 11.2, 13.4, 12.1, 9.4, 6.2, 1.9, 0.6),
    "dew_point": (0.9, 3.1, 6.8, 9.9, 11.8, 10.2, 7.9, 5.4, 1.4, 0.8),
    "humidity": (0.8, 1.2, 1.6, 2.2, 1.7, 1.9, 1.5, 1.8, 0.9, 1.1),
    "wind_gust": (0.7, 0.9, 1.1, 1.3, 2.1, 2.4, 1.6, 0.9, 0.6, 0.5),
    "wind_speed": (0.6, 0.8, 1.0, 1.2, 1.9, 2.2, 1.4, 0.8, 0.7, 0.4),
    "pressure": (1.4, 1.1, 0.9, 2.0, 1.2, 0.8, 1.0, 0.7, 1.1, 0.9),
    "visibility": (0.3, 0.4, 0.6, 0.5, 0.4, 0.3, 0.2, 0.3, 0.5, 0.9),
    "precipitation": (0.2, 0.2, 0.5, 0.9, 0.4, 0.4, 0.3, 0.1, 0.3, 0.5),
    "wind_direction": (0.4, 0.6, 0.8, 0.9, 0.7, 0.6, 0.5, 0.6, 0.4, 0.3),
    "destination": (0.3, 0.4, 0.4, 0.5, 0.6, 0.6, 0.5, 0.4, 0.4, 0.5),
    "carrier": (0.2, 0.2, 0.3, 0.3, 0.4, 0.4, 0.3, 0.3, 0.3, 0.3),
    "origin": (0.1, 0.2, 0.1, 0.2, 0.2, 0.1, 0.2, 0.1, 0.1, 0.1),
    "distance": (0.2, 0.2, 0.3, 0.2, 0.3, 0.3, 0.2, 0.2, 0.3, 0.2),
    "departure_minute": (0.2, 0.1, 0.2, 0.2, 0.2, 0.3, 0.2, 0.2, 0.3, 0.2),
}
SERVED = (
    {"1": 6000},
    {"1": 6000},
    {"1": 1800, "2": 4200},
    {"2": 3600, "3": 2400},
    {"3": 6000},
    {"3": 6000},
    {"3": 2200, "5": 3800},
    {"5": 6000},
    {"5": 3100, "7": 2900},
    {"7": 6000},
)


def day(month: int, number: int) -> datetime:
    return datetime(2013, month, number, 6, tzinfo=UTC)


def month(index: int) -> Month:
    number = index + 3
    since = datetime(2013, number, 1, tzinfo=UTC)
    until = datetime(2013 + number // 12, number % 12 + 1, 1, tzinfo=UTC)
    labels = 5870 - 37 * (index % 4)
    wide = 1.1 / math.sqrt(labels)
    shares = [name for name, ratios in DRIFT.items() if ratios[index] >= 1]

    def measured(auc: float) -> dict[str, Interval]:
        loss = 0.52 - 0.6 * (auc - 0.7) + (RATES[index] - 0.22)
        return {
            "roc_auc": Interval(auc, auc - wide, auc + wide),
            "log_loss": Interval(loss, loss - wide, loss + wide),
        }

    return Month(
        label=f"{since:%b}",
        since=since,
        until=until,
        held_out=number >= 7,
        rows=6000,
        labels=labels,
        base_rate=RATES[index],
        champion=measured(RETRAINED[index]),
        first=measured(NEVER[index]),
        drift={name: ratios[index] for name, ratios in DRIFT.items()},
        drifted=len(shares) / len(DRIFT) >= 0.3,
        performance="worse" if index in (1, 5, 7) else "ok",
        report=f"monitoring/2013-{number:02}.html",
        traffic=SERVED[index],
        context={"rain, mm an hour": RAIN[index], "gusts, miles an hour": GUSTS[index]},
    )


def versions() -> tuple[VersionSpan, ...]:
    def one(version, until, served, shadow, outcome, **details):
        run_id = f"{int(version) * 0x3F9A1C7E5B2D84F60A17C3E9D5B:032x}"[-32:]
        return VersionSpan(version, run_id, until, *served, *shadow, outcome, details)

    none = (None, None)
    return (
        one("1", day(3, 1), (day(3, 1), day(5, 10)), none, "retired", holdout_log_loss=0.487),
        one("2", day(5, 1), (day(5, 10), day(6, 19)), (day(5, 1), day(5, 10)), "retired"),
        one("3", day(6, 1), (day(6, 19), day(9, 12)), (day(6, 1), day(6, 19)), "retired"),
        one("4", day(7, 1), none, (day(7, 1), day(8, 2)), "rejected", live_gain=-0.0007),
        one("5", day(9, 1), (day(9, 12), day(11, 16)), (day(9, 1), day(9, 12)), "retired"),
        one("6", day(10, 1), none, none, "rejected at gate", holdout_log_loss=0.431),
        one("7", day(11, 1), (day(11, 16), None), (day(11, 1), day(11, 16)), "champion"),
    )


def decisions() -> tuple[Decision, ...]:
    def made(time: datetime, kind: str, summary: str, **details: object) -> Decision:
        return Decision(time, kind, summary, details, "loop")

    return (
        made(day(3, 1), "promote", "v1 is the first model; it beats the baseline.", log_loss=0.487),
        made(day(5, 1), "retrain", "6 of 14 columns drifted.", share=0.43, threshold=0.3),
        made(day(5, 1), "challenge", "v2 passed the gate.", difference=-0.0062, margin=0.005),
        made(
            day(5, 10),
            "promote",
            "v2 predicts better than v1 on the same flights.",
            difference=-0.0114,
            low=-0.0171,
            high=-0.0057,
            pairs=1764,
        ),
        made(day(6, 1), "retrain", "7 of 14 columns drifted.", share=0.5, threshold=0.3),
        made(day(6, 19), "promote", "v3 predicts better than v2 on the same flights.", pairs=3540),
        made(day(7, 1), "retrain", "8 of 14 columns drifted.", share=0.57, threshold=0.3),
        made(
            day(8, 2),
            "reject",
            "v4 was not better than v3 after 6,200 labelled flights: its advantage of 0.0007 lies"
            " within the interval.",
            difference=-0.0007,
            pairs=6200,
        ),
        made(day(9, 1), "retrain", "AUC fell from 0.752 to 0.698.", margin=0.01),
        made(day(9, 12), "promote", "v5 predicts better than v3 on the same flights.", pairs=2160),
        made(
            day(10, 1),
            "gate_rejected",
            "The gate rejected v6: worse than v5 by 0.008.",
            margin=0.005,
        ),
        made(day(11, 1), "retrain", "5 of 14 columns drifted.", share=0.36, threshold=0.3),
        made(day(11, 16), "promote", "v7 predicts better than v5 on the same flights.", pairs=2890),
    )


def report(**changes: object) -> ReplayReport:
    whole = ReplayReport(
        title="New York flights, March to December 2013, replayed",
        metric="roc_auc",
        months=tuple(month(index) for index in range(10)),
        versions=versions(),
        decisions=decisions(),
        settings_note="Every setting in config/project.yaml was fixed on March to June.",
        rows_per_month=6000,
        held_out_from=datetime(2013, 7, 1, tzinfo=UTC),
    )
    return replace(whole, **changes)

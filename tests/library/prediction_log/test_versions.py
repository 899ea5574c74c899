"""What each version has answered can be asked about apart."""

import random
from datetime import datetime, timedelta

from mlops_loop.prediction_log import Counts, PredictionLog
from mlops_loop.prediction_log._sampling import sampling_key

from .records import NOON, answered_by, ids, label, scattered


def test_a_version_is_asked_about_apart(log: PredictionLog) -> None:
    of = {
        "old": ("3",),
        "both": ("3", "10"),
        "turned": ("10", "3"),
        "new": ("10",),
        "none": (),
        "odd": ('1,"3"', "é\x00"),
    }
    times = {name: NOON + number * timedelta(days=3) for number, name in enumerate(of)}
    log.append(
        [answered_by(name, times[name], *versions) for name, versions in of.items()]
    ).result()
    log.add_labels([label("both"), label("new")])
    assert ids(list(log.rows(None, None, version="3"))) == ["old", "both", "turned"]
    assert ids(list(log.rows(None, times["new"], version="10"))) == ["both", "turned"]
    assert ids(list(log.rows(None, None, labelled=True, version="3"))) == ["both"]
    assert {*ids(log.sample(None, None, 9, version="10"))} == {"both", "turned", "new"}
    assert {*ids(log.sample(None, None, 9, labelled=True, version="10"))} == {"both", "new"}
    assert log.count(None, None, version="3") == Counts(3, 1)
    assert log.count(times["both"], times["new"], version="10") == Counts(2, 1)
    for name in ('1,"3"', "é\x00"):
        assert ids(log.sample(None, None, 9, version=name)) == ["odd"]
    for unknown in ("1", "", '"3"', "3,10"):
        assert log.count(None, None, version=unknown) == Counts(0, 0)
        assert log.sample(None, None, 9, version=unknown) == []
        assert log.sample(None, None, 9, labelled=True, version=unknown) == []
        assert list(log.rows(None, None, version=unknown)) == []
    log.prune(times["turned"])
    assert log.count(None, None, version="3") == Counts(1, 0)
    assert log.totals() == log.count(None, None) == Counts(4, 1)


def test_any_window_of_a_version_is_exact(log: PredictionLog) -> None:
    times = scattered(2_000)
    first, last = min(times.values()), max(times.values())
    turn = first + (last - first) / 3

    def versions(name: str, time: datetime) -> tuple[str, ...]:
        # A new version answers from the turn on, some of the rows beside the old one.
        if time < turn:
            return ("3",)
        return ("3", "4") if sampling_key(name) % 5 == 0 else ("4",)

    log.append([answered_by(name, at, *versions(name, at)) for name, at in times.items()]).result()
    labelled = set(list(times)[::3])
    log.add_labels([label(name) for name in labelled])
    draw = random.Random(7)
    for version in ("3", "4") * 8:
        since, until = sorted(first + draw.random() * (last - first) for _ in range(2))
        inside = {
            name
            for name, time in times.items()
            if since <= time < until and version in versions(name, time)
        }
        expected = Counts(len(inside), len(inside & labelled))
        assert log.count(since, until, version=version) == expected
        by_key = sorted(inside, key=sampling_key)
        assert ids(log.sample(since, until, 40, version=version)) == by_key[:40]
        with_label = [name for name in by_key if name in labelled]
        drawn = log.sample(since, until, 40, labelled=True, version=version)
        assert ids(drawn) == with_label[:40]
        rows = list(log.rows(since, until, version=version))
        assert set(ids(rows)) == inside and len(rows) == len(inside)
        assert [row.record.event_time for row in rows] == sorted(times[name] for name in inside)
        rows = list(log.rows(since, until, labelled=True, version=version))
        assert set(ids(rows)) == inside & labelled

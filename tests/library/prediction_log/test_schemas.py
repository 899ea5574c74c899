"""A log that was opened for a schema leaves out rows of other ones, and says how many."""

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from mlops_loop.prediction_log import (
    Counts,
    LabelReport,
    PredictionLog,
    open_prediction_log,
)

from .records import NOON, answered_by, ids, label

DAY = timedelta(days=1)


@pytest.fixture
def own(address: str, tmp_path: Path, log: PredictionLog) -> Iterator[PredictionLog]:
    """A log of the schema "aa", which holds rows of "bb" and of none as well."""
    opened = open_prediction_log(address, root=tmp_path, schema_digest="aa")
    records = [
        msgspec.structs.replace(
            answered_by(f"{schema or 'none'}{number}", NOON + number * DAY, *versions),
            schema_digest=schema,
        )
        for schema in ("aa", "bb", "")
        for number, versions in enumerate([("1",), ("1", 'a;"b'), ("2",), ()])
    ]
    opened.append(records).result()
    opened.add_labels([label("aa1"), label("bb0"), label("bb1"), label("none1")])
    yield opened
    opened.close()


def test_rows_of_other_schemas_are_left_out_and_counted(
    own: PredictionLog, log: PredictionLog
) -> None:
    assert ids(list(own.rows(None, None))) == ["aa0", "aa1", "aa2", "aa3"]
    assert ids(list(own.rows(None, NOON + 2 * DAY, labelled=True))) == ["aa1"]
    assert {*ids(own.sample(None, None, 99))} == {"aa0", "aa1", "aa2", "aa3"}
    assert ids(own.sample(None, None, 99, labelled=True)) == ["aa1"]
    assert own.count(None, None) == own.totals() == Counts(4, 1)
    assert own.other_schemas() == 8
    assert log.totals() == log.count(None, None) == Counts(12, 4)
    assert len(list(log.rows(None, None))) == 12 and log.other_schemas() == 0


def test_labels_of_predictions_about_another_target_are_left_out(
    address: str, tmp_path: Path, log: PredictionLog
) -> None:
    records = [
        msgspec.structs.replace(answered_by(name, NOON, "1"), target_digest=target)
        for name, target in (("own", "ta"), ("other", "tb"), ("unknown", ""))
    ]
    log.append(records).result()
    with closing(open_prediction_log(address, root=tmp_path, target_digest="ta")) as own:
        given = [label(name) for name in ("own", "other", "unknown", "early", "other")]
        report = own.add_labels(given)
        assert report == LabelReport(joined=2, early=1, other_target=("other", "other"))
        assert own.add_labels([label("own")]).repeated == 1
        row = own.get("other")
        assert row is not None and row.label is None and own.totals().labels == 2
    assert log.add_labels([label("other")]).joined == 1


def test_a_version_of_another_schema_is_another_one(own: PredictionLog, log: PredictionLog) -> None:
    assert ids(list(own.rows(None, None, version="1"))) == ["aa0", "aa1"]
    assert own.count(None, None, version='a;"b') == Counts(1, 1)
    assert log.count(None, None, version="1") == Counts(6, 4)


def test_a_row_knows_its_schema_and_is_deleted_whatever_it_is(own: PredictionLog) -> None:
    for name, schema in (("aa0", "aa"), ("bb0", "bb"), ("none0", "")):
        row = own.get(name)
        assert row is not None and row.record.schema_digest == schema
    assert own.prune(NOON + DAY) == 3
    assert own.other_schemas() == 6 and own.totals() == Counts(3, 1)

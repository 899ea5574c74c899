from datetime import UTC, datetime

from mlops_loop.serving._identifiers import new_ids


def test_ids_sort_by_time_and_differ() -> None:
    moment = datetime(2013, 1, 1, tzinfo=UTC)
    early = set(new_ids(moment, 1000))
    (late,) = new_ids(datetime(2013, 1, 1, 0, 0, 1, tzinfo=UTC), 1)
    assert len(early) == 1000
    assert max(early) < late
    assert {(text[14], text[19] in "89ab", len(text)) for text in early} == {("7", True, 36)}

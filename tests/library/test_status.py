"""The command status: the roles of the versions in service."""

import pytest

from mlops_loop._status import Status, Version

LOG = {"kept": True, "predictions": 10, "labels": 5, "backlog": 0, "other_schemas": 0}
OLD = Version("2", "2026-01-01T00:00:00+00:00", {"rmse": 42.9})
NEW = Version("3", "2026-02-01T00:00:00+00:00", {"rmse": 41.7})


@pytest.mark.parametrize("state", ["probation", "paused"])
def test_the_previous_champion_is_named_during_probation(state: str) -> None:
    status = Status(NEW, None, OLD, LOG, {"state": state, "since": None, "reason": "better"})
    champion, previous, *_ = status.messages()
    assert champion.startswith("champion    version 3, since 2026-02-01")
    assert previous.startswith("previous    version 2, since 2026-01-01")
    assert previous.endswith("while version 3 is on probation")
    assert status.to_json()["challenger"] is None


def test_a_version_on_trial_is_the_challenger() -> None:
    status = Status(OLD, NEW, None, LOG, {"state": "challenging", "since": None, "reason": ""})
    assert status.messages()[1].startswith("challenger  version 3")

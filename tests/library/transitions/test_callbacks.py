from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from mlops_loop.registry import ChampionChange
from mlops_loop.registry._transitions import Transitions

from .versions import WHO, kinds


def test_callbacks_are_called_when_services_can_see_the_champion(transitions: Transitions) -> None:
    changes = list[tuple[str | None, ChampionChange]]()

    def record(change: ChampionChange) -> None:
        changes.append((transitions.published().champion, change))

    def fail(change: ChampionChange) -> None:
        raise OSError("no route")

    called = replace(transitions, callbacks={"promote": [fail, record], "rollback": [record]})
    with capture_logs() as logs:
        called.promote("1", **WHO)
        called.promote("2", **WHO)
    called.promote("2", **WHO)
    called.challenge("1", **WHO)
    called.rollback(**WHO)
    assert [(seen, one.version, one.previous) for seen, one in changes] == [
        ("1", "1", None),
        ("2", "2", "1"),
        ("1", "1", "2"),
    ]
    assert {(one.actor, one.reason) for _, one in changes} == {("test", "because")}
    assert [entry["callback"] for entry in logs] == ["fail", "fail"]
    assert kinds(transitions) == ["promote", "promote", "challenge", "rollback"]


def test_a_callback_of_a_transition_that_was_cut_off_is_called_again(
    transitions: Transitions,
) -> None:
    versions = list[str]()

    def record(change: ChampionChange) -> None:
        versions.append(change.version)
        if len(versions) == 1:
            raise KeyboardInterrupt

    called = replace(transitions, callbacks={"promote": [record]})
    with pytest.raises(KeyboardInterrupt):
        called.promote("1", **WHO)
    assert called.is_open()
    called.reconcile()
    assert versions == ["1", "1"] and not called.is_open()

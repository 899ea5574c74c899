from dataclasses import replace

import pytest

from mlops_loop.errors import RegistryError
from mlops_loop.registry._transitions import Transitions

from .versions import WHO, kinds, state


@pytest.fixture
def with_probation(transitions: Transitions) -> Transitions:
    return replace(transitions, probation=True)


def test_a_champion_that_is_replaced_stays_for_a_probation(with_probation: Transitions) -> None:
    with_probation.promote("1", **WHO)
    assert state(with_probation) == ("1", None)
    with_probation.promote("2", **WHO)
    assert state(with_probation) == ("2", "1") and with_probation.published().probation
    assert with_probation.confirm(**WHO).details["version"] == "2"
    assert state(with_probation) == ("2", None) and not with_probation.published().probation
    assert with_probation.confirm(**WHO).kind == "confirm"
    assert kinds(with_probation) == ["promote", "promote", "confirm"]


def test_a_probation_ends_with_a_rollback_a_rejection_or_another_challenge(
    with_probation: Transitions,
) -> None:
    with_probation.promote("1", **WHO)
    with pytest.raises(RegistryError, match="not on probation"):
        with_probation.confirm(**WHO)
    for end, wanted in (
        (lambda: with_probation.rollback(**WHO), ("1", None)),
        (lambda: with_probation.reject("1", **WHO), ("2", None)),
        (lambda: with_probation.challenge("3", **WHO), ("2", "3")),
    ):
        with_probation.promote("2", **WHO)
        end()
        assert state(with_probation) == wanted and not with_probation.published().probation
        with_probation.promote("1", **WHO)


def test_a_champion_that_cannot_answer_the_same_requests_does_not_stay(
    with_probation: Transitions,
) -> None:
    with_probation.promote("1", **WHO)
    with_probation.promote("3", **WHO)
    assert state(with_probation) == ("3", None)


def test_a_third_version_on_trial_is_not_disturbed(with_probation: Transitions) -> None:
    with_probation.promote("1", **WHO)
    with_probation.challenge("2", **WHO)
    with_probation.promote("3", **WHO)
    assert state(with_probation) == ("3", "2") and not with_probation.published().probation

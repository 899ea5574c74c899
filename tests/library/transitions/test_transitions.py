from collections.abc import Callable
from dataclasses import replace

import pytest

from mlops_loop._audit_log import AuditEvent
from mlops_loop._bundle import Bundle
from mlops_loop.errors import BundleError, RegistryError
from mlops_loop.registry._transitions import Transitions

from .versions import WHO, kinds, state


def test_a_version_rises_from_challenger_to_champion(transitions: Transitions) -> None:
    transitions.promote("1", **WHO)
    transitions.challenge("2", **WHO, mode="split", share=0.2)
    assert state(transitions) == ("1", "2")
    assert transitions.published().share == 0.2
    entry = transitions.promote("2", **WHO, details={"loss": 0.1})
    assert state(transitions) == ("2", None)
    assert (entry.kind, entry.actor, entry.reason) == ("promote", "test", "because")
    assert entry.details["loss"] == 0.1
    assert kinds(transitions) == ["promote", "challenge", "promote"]


def test_a_rejected_challenger_leaves_the_champion_alone(transitions: Transitions) -> None:
    transitions.promote("1", **WHO)
    transitions.challenge("2", **WHO)
    transitions.reject("2", **WHO)
    assert state(transitions) == ("1", None)


@pytest.mark.parametrize("repeated", ["promote", "challenge", "reject"])
def test_a_transition_that_is_repeated_changes_nothing(
    transitions: Transitions, repeated: str
) -> None:
    transitions.promote("1", **WHO)
    if repeated == "reject":
        transitions.challenge("2", **WHO)
    version = "1" if repeated == "promote" else "2"
    repeat: Callable[..., AuditEvent] = getattr(transitions, repeated)
    first = repeat(version, **WHO)
    entries = list(transitions.audit_log.entries())
    assert repeat(version, **WHO) == first
    assert list(transitions.audit_log.entries()) == entries


def test_rollback_walks_back_champion_by_champion(transitions: Transitions) -> None:
    for version in "123":
        transitions.promote(version, **WHO)
    transitions.challenge("1", **WHO)
    transitions.rollback(**WHO)
    assert state(transitions) == ("2", None)
    transitions.promote("3", **WHO)
    transitions.rollback(**WHO)
    transitions.rollback(**WHO)
    assert state(transitions) == ("1", None)
    with pytest.raises(RegistryError, match="no earlier champion"):
        transitions.rollback(**WHO)


def test_versions_that_cannot_serve_are_refused_with_the_reason(transitions: Transitions) -> None:
    transitions.promote("1", **WHO)
    for version, reason in (
        ("9", "no version 9 of model; there are 1, 2, 3, 4, 5"),
        ("5", "version 5 was rejected by the gate"),
        ("4", "trained with other features"),
    ):
        with pytest.raises(RegistryError, match=reason):
            transitions.promote(version, **WHO)
        with pytest.raises(RegistryError, match=reason):
            transitions.challenge(version, **WHO)
    assert state(transitions) == ("1", None)
    assert kinds(transitions) == ["promote"]


def test_transitions_that_make_no_sense_say_so(transitions: Transitions) -> None:
    with pytest.raises(RegistryError, match="no champion to challenge"):
        transitions.challenge("1", **WHO)
    transitions.promote("1", **WHO)
    with pytest.raises(RegistryError, match="is already the champion"):
        transitions.challenge("1", **WHO)
    with pytest.raises(RegistryError, match="`rollback` or promote another"):
        transitions.reject("1", **WHO)
    with pytest.raises(RegistryError, match="not on trial"):
        transitions.reject("2", **WHO)
    with pytest.raises(RegistryError, match="no earlier champion"):
        transitions.rollback(**WHO)


def test_what_cannot_answer_is_not_published(transitions: Transitions) -> None:
    def refuse(bundle: Bundle) -> None:
        raise BundleError(f"it cannot predict the example row of {bundle.manifest.version}")

    tried = replace(transitions, require_servable=refuse)
    transitions.promote("1", **WHO)
    before = transitions.store.pointer()
    for move in (tried.promote, tried.challenge):
        with pytest.raises(RegistryError, match="version 2 cannot serve: it cannot predict"):
            move("2", **WHO)
    assert transitions.store.pointer() == before

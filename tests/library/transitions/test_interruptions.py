"""After a crash, or with a new registry, pointer, aliases and audit log agree again."""

import shutil
from pathlib import Path

import pytest

from mlops_loop._publication import Rollout as Published
from mlops_loop.registry._transitions import Transitions

from .versions import WHO, kinds, open_transitions, state


@pytest.mark.parametrize("cut", ["before the pointer", "before the alias", "before the close"])
def test_a_transition_cut_off_anywhere_is_mended(
    transitions: Transitions, tmp_path: Path, cut: str
) -> None:
    transitions.promote("1", **WHO)
    transitions.challenge("2", **WHO)
    transitions.promote("2", **WHO)
    wanted = ("2", None)
    path = tmp_path / "project/var/audit_log.jsonl"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]))
    if cut != "before the close":
        transitions.registry.set_alias("champion", "1")
        transitions.registry.set_alias("challenger", "2")
    if cut == "before the pointer":
        transitions.store.set_rollout(transitions.key, Published(champion="1", challenger="2"))
        wanted = ("1", "2")
    assert transitions.reconcile()
    assert state(transitions) == wanted
    assert kinds(transitions)[-1] == ("dropped" if cut == "before the pointer" else "promote")
    assert transitions.reconcile() == []
    transitions.promote("2", **WHO)
    assert state(transitions) == ("2", None)


def test_aliases_follow_the_pointer(transitions: Transitions) -> None:
    transitions.promote("1", **WHO)
    transitions.registry.set_alias("champion", "3")
    transitions.registry.set_alias("challenger", "2")
    assert transitions.reconcile() == ["champion is version 1", "no challenger"]
    assert state(transitions) == ("1", None)


def test_a_champion_that_a_new_registry_does_not_know_gets_no_alias(
    transitions: Transitions, tracking_store: Path, tmp_path: Path
) -> None:
    transitions.promote("1", **WHO)
    root = (tmp_path / "project").rename(tmp_path / "without its registry")
    shutil.copy(tracking_store / "var/mlflow.db", root / "var/mlflow.db")
    after = open_transitions(root)
    assert after.reconcile() == []
    assert after.published().champion == "1"

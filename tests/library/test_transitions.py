import shutil
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from mlops_loop._audit_log import AuditEvent, AuditLog
from mlops_loop._bundle import Bundle, Manifest, write_bundle
from mlops_loop._clock import ManualClock
from mlops_loop._publication import Rollout as Published
from mlops_loop._publication import open_bundle_store
from mlops_loop.contract._contract_file import parse_contract
from mlops_loop.errors import BundleError, RegistryError
from mlops_loop.registry import ChampionChange
from mlops_loop.registry._mlflow_registry import Registry
from mlops_loop.registry._transitions import Transitions

from .mlflow_runs import start_run

FEATURES = "features"
CONTRACT = """
problem: binary
label_horizon: 1d
columns:
  price: {type: number, example: 9.5}
  returned: {type: boolean, role: target}
"""
# What version 3 is asked, the others cannot answer.
CONTRACTS = {"3": CONTRACT.replace("price", "weight")}
WHO = {"actor": "test", "reason": "because"}


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory, tracking_store: Path) -> Path:
    """A tracking store with a run and five complete versions; the fifth was refused."""
    root = tmp_path_factory.mktemp("registry") / "template"
    shutil.copytree(tracking_store, root)
    registry = _registry(root)
    run = start_run(registry)
    for number in range(1, 6):
        tags = {"gate": "rejected" if number == 5 else "passed"}
        registry.complete(registry.create_version(run, "model", tags))
    return root


@pytest.fixture
def transitions(template: Path, tmp_path: Path) -> Transitions:
    root = tmp_path / "project"
    shutil.copytree(template, root)
    return open_transitions(root)


def open_transitions(root: Path) -> Transitions:
    store = open_bundle_store("var/bundles", root)
    for version in "1234":
        manifest = Manifest(
            version=version,
            run_id="run",
            problem="binary",
            classes=(False, True),
            created="",
            features_digest="other" if version == "4" else FEATURES,
            contract_digest="",
            snapshot="",
        )
        files = dict.fromkeys(("model.onnx", "encoder.json"), b"")
        files["contract.yaml"] = CONTRACTS.get(version, CONTRACT).encode()
        store.publish(write_bundle(root / "drafts" / version, manifest, files))
    return Transitions(
        registry=_registry(root),
        store=store,
        audit_log=AuditLog(root / "var/audit_log.jsonl"),
        clock=ManualClock(datetime(2013, 3, 1, tzinfo=UTC)),
        features_digest=FEATURES,
        contract=parse_contract(CONTRACT),
        require_servable=lambda bundle: None,
        probation=False,
        lock=nullcontext,
    )


def _registry(root: Path) -> Registry:
    return Registry("sqlite:///var/mlflow.db", "training", "model", root)


def _state(transitions: Transitions) -> tuple[str | None, str | None]:
    """Champion and challenger, which pointer and aliases must agree on."""
    published = transitions.published()
    registry = transitions.registry
    assert published.champion == registry.alias("champion")
    assert published.challenger == registry.alias("challenger")
    return published.champion, published.challenger


def _kinds(transitions: Transitions) -> list[str]:
    return [entry.kind for entry in transitions.audit_log.entries() if entry.kind != "intent"]


def test_a_version_rises_from_challenger_to_champion(transitions: Transitions) -> None:
    transitions.promote("1", **WHO)
    transitions.challenge("2", **WHO, mode="split", share=0.2)
    assert _state(transitions) == ("1", "2")
    assert transitions.published().share == 0.2
    entry = transitions.promote("2", **WHO, details={"loss": 0.1})
    assert _state(transitions) == ("2", None)
    assert (entry.kind, entry.actor, entry.reason) == ("promote", "test", "because")
    assert entry.details["loss"] == 0.1
    assert _kinds(transitions) == ["promote", "challenge", "promote"]


def test_a_rejected_challenger_leaves_the_champion_alone(transitions: Transitions) -> None:
    transitions.promote("1", **WHO)
    transitions.challenge("2", **WHO)
    transitions.reject("2", **WHO)
    assert _state(transitions) == ("1", None)


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
    assert _state(transitions) == ("2", None)
    transitions.promote("3", **WHO)
    transitions.rollback(**WHO)
    transitions.rollback(**WHO)
    assert _state(transitions) == ("1", None)
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
    assert _state(transitions) == ("1", None)
    assert _kinds(transitions) == ["promote"]


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


@pytest.fixture
def with_probation(transitions: Transitions) -> Transitions:
    return replace(transitions, probation=True)


def test_a_champion_that_is_replaced_stays_for_a_probation(with_probation: Transitions) -> None:
    with_probation.promote("1", **WHO)
    assert _state(with_probation) == ("1", None)
    with_probation.promote("2", **WHO)
    assert _state(with_probation) == ("2", "1") and with_probation.published().probation
    assert with_probation.confirm(**WHO).details["version"] == "2"
    assert _state(with_probation) == ("2", None) and not with_probation.published().probation
    assert with_probation.confirm(**WHO).kind == "confirm"
    assert _kinds(with_probation) == ["promote", "promote", "confirm"]


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
        assert _state(with_probation) == wanted and not with_probation.published().probation
        with_probation.promote("1", **WHO)


def test_a_champion_that_cannot_answer_the_same_requests_does_not_stay(
    with_probation: Transitions,
) -> None:
    with_probation.promote("1", **WHO)
    with_probation.promote("3", **WHO)
    assert _state(with_probation) == ("3", None)


def test_a_third_version_on_trial_is_not_disturbed(with_probation: Transitions) -> None:
    with_probation.promote("1", **WHO)
    with_probation.challenge("2", **WHO)
    with_probation.promote("3", **WHO)
    assert _state(with_probation) == ("3", "2") and not with_probation.published().probation


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
        transitions.store.set_rollout(FEATURES, Published(champion="1", challenger="2"))
        wanted = ("1", "2")
    assert transitions.reconcile()
    assert _state(transitions) == wanted
    assert _kinds(transitions)[-1] == ("dropped" if cut == "before the pointer" else "promote")
    assert transitions.reconcile() == []
    transitions.promote("2", **WHO)
    assert _state(transitions) == ("2", None)


def test_aliases_follow_the_pointer(transitions: Transitions) -> None:
    transitions.promote("1", **WHO)
    transitions.registry.set_alias("champion", "3")
    transitions.registry.set_alias("challenger", "2")
    assert transitions.reconcile() == ["champion is version 1", "no challenger"]
    assert _state(transitions) == ("1", None)


def test_a_champion_that_a_new_registry_does_not_know_gets_no_alias(
    transitions: Transitions, tracking_store: Path, tmp_path: Path
) -> None:
    transitions.promote("1", **WHO)
    root = (tmp_path / "project").rename(tmp_path / "without its registry")
    shutil.copy(tracking_store / "var/mlflow.db", root / "var/mlflow.db")
    after = open_transitions(root)
    assert after.reconcile() == []
    assert after.published().champion == "1"


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
    assert _kinds(transitions) == ["promote", "promote", "challenge", "rollback"]


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

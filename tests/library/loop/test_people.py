"""What people may keep to themselves, what they may do at any moment, and that it is noticed."""

from datetime import timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from mlops_loop.loop._lease import set_paused
from mlops_loop.monitoring import ActionName, Finding, Incident

from .world import DRIFT, World

DAY = timedelta(days=1)
TOLD = "wind_speed drifted"


@pytest.mark.parametrize(
    ("action", "entries", "alerts"),
    [
        ("advise", [("advise", f"{TOLD}: consider `train`")], []),
        (
            "alert",
            [("alert", f"{TOLD}: consider `train`")],
            [f"2013-03-02 00:00 to 2013-04-01 00:00: {TOLD}; decision: consider `train`"],
        ),
    ],
)
def test_a_person_may_keep_the_decision(
    action: str, entries: list[tuple[str, str]], alerts: list[str], world: World
) -> None:
    world.change("actions", drift=action)
    world.champion()
    world.clock.advance(31 * DAY)
    world.drift(performance="unknown")
    assert [(entry.kind, entry.reason) for entry in world.step().entries] == entries
    assert world.alerts == alerts and not world.retrainings
    assert world.state.phase == "steady"


def test_a_drift_that_the_model_copes_with_has_an_action_of_its_own(world: World) -> None:
    world.change("actions", drift="retrain", drift_only="advise")
    world.champion()
    world.clock.advance(31 * DAY)
    world.drift(performance="ok")
    reasons = [entry.reason for entry in world.step().entries]
    assert reasons == [f"{TOLD}: performance holds, so `train` may wait"]
    world.clock.advance(31 * DAY)
    world.drift(performance="unknown")
    world.step()
    assert len(world.retrainings) == 1


VOLUME = Finding("volume", "too few predictions")


def test_the_projects_own_actions_come_before_those_of_the_settings(world: World) -> None:
    world.actions = {"drift": "advise", "volume": "retrain"}
    world.champion()
    world.clock.advance(31 * DAY)
    world.drift()
    assert [entry.kind for entry in world.step().entries] == ["advise"]
    world.clock.advance(31 * DAY)
    world.find(findings=(VOLUME,))
    world.step()
    assert [attempt.reason for attempt in world.retrainings] == [VOLUME.text]


def test_a_kind_without_an_action_alerts(world: World) -> None:
    world.champion()
    world.clock.advance(31 * DAY)
    world.find(findings=(VOLUME,))
    assert [entry.kind for entry in world.step().entries] == ["alert"]
    (alert,) = world.alerts
    assert alert.endswith(f": {VOLUME.text}; decision: alert only")


def test_an_action_of_the_project_may_ask_for_another(world: World) -> None:
    incidents = list[Incident]()

    def decide(incident: Incident) -> ActionName:
        incidents.append(incident)
        return "retrain"

    world.actions = {"volume": decide}
    world.champion()
    world.clock.advance(31 * DAY)
    world.find(findings=(VOLUME,))
    world.step()
    assert [incident.findings for incident in incidents] == [(VOLUME,)]
    assert len(world.retrainings) == 1 and world.state.challenger == "2"


def test_an_action_that_fails_alerts_and_the_others_are_carried_out(world: World) -> None:
    def broken(incident: Incident) -> None:
        raise OSError("no route")

    world.actions = {"volume": broken}
    world.champion()
    world.clock.advance(31 * DAY)
    world.find(drift=True, performance="worse", findings=(VOLUME,))
    with capture_logs():
        world.step()
    decision = "broken failed: OSError: no route"
    assert any(text.endswith(f": {VOLUME.text}; decision: {decision}") for text in world.alerts)
    assert len(world.retrainings) == 1 and "action" in world.kinds()


def test_a_window_has_one_decision_in_report_alerts_and_audit_log(world: World) -> None:
    world.change("actions", performance="rollback")
    world.on_probation()
    world.clock.advance(30 * DAY)
    findings = (DRIFT, Finding("performance", "log_loss is 0.6"), Finding("quality", "x is empty"))
    world.find(drift=True, performance="worse", quality=True, findings=findings)
    report = world.step().monitoring
    assert report is not None
    assert report.advice == (
        "performance: roll back to version 1; drift: roll back to version 1; "
        "quality: check the source of the data"
    )
    decisions = [text.rpartition("; decision: ")[2] for text in world.alerts]
    assert decisions == [*["roll back to version 1"] * 2, "check the source of the data"]
    assert world.kinds() == ["alert", "rollback"] and not world.retrainings


def test_a_cooldown_is_the_decision_of_the_report(world: World) -> None:
    world.champion()
    world.clock.advance(31 * DAY)
    world.drift(performance="worse")
    world.step()
    world.transitions.reject("2", actor="someone", reason="by hand")
    world.clock.advance(31 * DAY)
    world.change("loop", cooldown=timedelta(days=90))
    world.drift(performance="worse")
    report = world.step().monitoring
    assert report is not None and report.advice.startswith("performance: next retraining from")
    assert "retrain;" not in report.advice


def test_by_the_gate_a_version_is_champion_at_once_and_on_probation(world: World) -> None:
    world.change("loop", promotion="gate")
    world.champion()
    world.clock.advance(31 * DAY)
    world.drift()
    world.step()
    assert world.kinds() == ["retrain", "promote"]
    assert (world.state.phase, world.published()) == ("probation", ("2", "1", True))


def test_by_hand_a_version_waits_and_somebody_is_told(world: World) -> None:
    world.change("loop", promotion="manual")
    world.champion()
    world.clock.advance(31 * DAY)
    world.drift()
    world.step()
    assert world.kinds() == ["retrain", "waiting"]
    assert (world.state.phase, world.published()) == ("steady", ("1", None, False))
    assert world.alerts[-1].endswith("To continue, run `challenge 2` or `promote 2`.")
    world.transitions.promote("2", actor="ada", reason="I have looked")
    world.step()
    assert (world.state.phase, world.state.reason) == (
        "probation",
        "promote: version 2: I have looked",
    )


@pytest.mark.parametrize(
    ("command", "arguments", "phase", "published"),
    [
        ("promote", ["2"], "probation", ("2", "1", True)),
        ("promote", ["3"], "challenging", ("3", "2", False)),
        ("reject", ["2"], "steady", ("1", None, False)),
        ("challenge", ["3"], "challenging", ("1", "3", False)),
    ],
)
def test_what_a_person_does_during_a_challenge_is_noticed(
    command: str, arguments: list[str], phase: str, published: Any, world: World
) -> None:
    world.challenger()
    world.register()
    world.clock.advance(DAY)
    getattr(world.transitions, command)(*arguments, actor="ada", reason="by hand")
    assert world.step().entries == ()
    state = world.state
    assert (state.phase, world.published()) == (phase, published)
    reason = f"{command}: version {arguments[0]}: by hand"
    assert (state.reason, state.since) == (reason, world.clock.now())
    assert (state.champion, state.challenger) == published[:2]


@pytest.mark.parametrize(
    ("command", "arguments", "published"),
    [
        ("rollback", [], ("1", None, False)),
        ("confirm", [], ("2", None, False)),
        ("reject", ["1"], ("2", None, False)),
        ("promote", ["1"], ("1", "2", True)),
    ],
)
def test_what_a_person_does_during_a_probation_is_noticed(
    command: str, arguments: list[str], published: Any, world: World
) -> None:
    world.on_probation()
    getattr(world.transitions, command)(*arguments, actor="ada", reason="by hand")
    world.step()
    assert world.published() == published
    assert world.state.reason.startswith(f"{command}: version ")
    assert world.state.phase == ("probation" if published[2] else "steady")


def test_a_person_may_train_and_decide_while_the_loop_retrains(world: World) -> None:
    world.champion()
    world.clock.advance(31 * DAY)
    world.drift()

    def meanwhile() -> None:
        world.before_training = lambda: None
        world.transitions.promote(world.register(), actor="ada", reason="mine is better")

    world.before_training = meanwhile
    world.step()
    assert world.published() == ("2", "3", False)
    assert (world.state.phase, world.state.champion) == ("challenging", "2")


def test_a_paused_loop_stands_still_and_says_so(world: World) -> None:
    assert set_paused(world.states, True) and not set_paused(world.states, True)
    step = world.step()
    assert step.entries == () and "loop resume" in step.idle and not world.retrainings
    assert set_paused(world.states, False)
    assert world.step().idle == "" and world.retrainings


def test_a_pause_during_a_step_lets_it_finish(world: World) -> None:
    world.before_training = lambda: None if set_paused(world.states, True) else None
    world.step()
    assert world.published() == ("1", None, False)
    assert world.state.paused and world.step().idle

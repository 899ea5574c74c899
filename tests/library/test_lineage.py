"""From a prediction back to the rows it was learnt from, and forward again."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner

from mlops_loop._bundle import read_bundle
from mlops_loop._lineage import trace
from mlops_loop._packaging import installed_library
from mlops_loop._project import Project
from mlops_loop._publication import Pointer, Rollout, rollout_key
from mlops_loop.errors import InputError
from mlops_loop.prediction_log import (
    Label,
    Output,
    Record,
)
from mlops_loop.registry import Version
from mlops_loop.registry._listing import Listing

from .projects import cli

NOON = datetime(2026, 1, 10, 12, tzinfo=UTC)


@pytest.fixture
def version(project: Project) -> Version:
    return project.registry.versions()[-1]


def log(project: Project, prediction_id: str, version: str) -> None:
    output = Output(version, "champion", True, True, [0.25, 0.75])
    record = Record(prediction_id, None, NOON, NOON, {}, (output,))
    project.log.append([record]).result()


def test_a_prediction_leads_to_its_version_and_the_rows_behind_it(
    project: Project, version: Version
) -> None:
    log(project, "p-1", version.version)
    found = trace(project, "p-1")
    assert [one.version for one in found.versions] == [version.version]
    (digest,) = found.snapshots
    snapshot = found.snapshots[digest]
    assert snapshot is not None and snapshot.digest == version.tags["snapshot"]
    told = "\n".join(found.messages())
    for tag in (
        "git_commit",
        "lock_digest",
        "library",
        "contract_digest",
        "features_digest",
        "snapshot",
    ):
        assert version.tags[tag] in told
    assert "label: unknown so far" in told


def test_an_outcome_is_told_with_its_prediction(project: Project, version: Version) -> None:
    log(project, "p-2", version.version)
    project.log.add_labels([Label("p-2", False, NOON + timedelta(hours=3))])
    assert trace(project, "p-2").to_json()["prediction"]["label"] is False


def test_a_snapshot_leads_to_the_versions_trained_on_it(project: Project, version: Version) -> None:
    found = trace(project, version.tags["snapshot"])
    assert version.version in [one.version for one in found.versions]


def test_a_snapshot_that_was_deleted_is_named(project: Project, version: Version) -> None:
    digest = version.tags["snapshot"]
    for file in project.settings.paths.snapshots.glob(f"{digest}.*"):
        file.unlink()
    assert f"snapshot {digest}: the file was deleted" in trace(project, version.version).messages()


def test_what_nobody_knows_is_an_error_of_the_caller(project: Project) -> None:
    with pytest.raises(
        InputError, match="no version, snapshot or prediction with the id 'nothing'"
    ):
        trace(project, "nothing")


def test_the_run_names_its_rows_as_an_input(project: Project, version: Version) -> None:
    run = project.registry.tracking.client.get_run(version.run_id)
    (dataset,) = (one.dataset for one in run.inputs.dataset_inputs)
    assert dataset.digest == version.tags["snapshot"]


def test_programs_can_follow_a_lineage(project: Project, version: Version) -> None:
    root = str(project.settings.root)
    result = CliRunner().invoke(cli, ["--root", root, "lineage", version.version, "--json"])
    told = json.loads(result.stdout)
    assert told["versions"][0]["made_from"]["run"] == version.run_id
    assert told["snapshots"][0]["digest"] == version.tags["snapshot"]


def test_versions_are_listed_with_role_and_score(project: Project, version: Version) -> None:
    result = CliRunner().invoke(cli, ["--root", str(project.settings.root), "models"])
    head, holdout, *rows = result.output.splitlines()
    assert head.split()[:4] == ["version", "role", "features", "gate"]
    digest = version.tags["holdout_digest"]
    assert holdout == f"holdout {digest} (1,122 rows, 2013-02-14 to 2013-02-28)"
    assert [row.split()[:3] for row in rows] == [["1", "champion", "current"]]
    assert version.tags["candidate"] in result.output
    assert f"  log_loss {score_of(project):.4f} [" in result.output
    assert f"  {version.tags['snapshot'][:8]}  {installed_library(project.root)}" in result.output


def score_of(project: Project) -> float:
    return read_bundle(project.bundles.fetch("1")).manifest.metrics["log_loss"]


def test_the_age_of_a_version_is_told_in_days_or_hours() -> None:
    version = Version("7", "run", NOON, (), {})

    def listed(**age: int) -> str:
        return Listing([version], Pointer(), "own", "").text(NOON + timedelta(**age))

    assert "  49 h" not in listed(hours=49)
    assert "  2 d" in listed(hours=49)
    assert "  3 h" in listed(hours=3)


def test_scores_of_other_holdouts_features_and_targets_are_apart() -> None:
    pointer = Pointer(
        {
            rollout_key("own", "late"): Rollout(champion="5", challenger="3", probation=True),
            rollout_key("other-features", "late"): Rollout(champion="8"),
            rollout_key("own", "gift"): Rollout(champion="2"),
        },
        rollout_key("other-features", "late"),
    )
    versions = [
        Version(
            number,
            "run",
            NOON,
            (),
            {
                "features_digest": features,
                "target_digest": target,
                "target": f"{target} (binary, boolean)",
                "holdout_digest": holdout,
                "holdout": "7 rows",
            },
        )
        for number, features, target, holdout in (
            ("2", "own", "gift", "a"),
            ("3", "own", "late", "a"),
            ("5", "own", "late", "a"),
            ("8", "other-features", "late", "b"),
        )
    ]
    listing = Listing(versions, pointer, "own", "late")
    head, *lines = listing.text(NOON).splitlines()
    assert [" ".join(line.split()[:3]) if line[0].isdigit() else line for line in lines] == [
        "holdout b (7 rows)",
        "8 champion other-fe",
        "holdout a (7 rows)",
        "5 champion current",
        "3 previous current",
        "holdout a (7 rows), another target: gift (binary, boolean)",
        "2 champion current",
        "Versions of other features serve only with the code of those features.",
        "Versions of another target serve only with the contract of that target.",
    ]
    assert len(Listing(versions[1:3], pointer, "own", "late").text(NOON).splitlines()) == 4
    first, second, *_, last = listing.to_json()
    assert (first["role"], first["current_target"]) == ("champion", False)
    assert (second["role"], second["current_features"]) == ("previous", True)
    assert (last["role"], last["current_features"]) == ("champion", False)

"""Functions of a project that are called after a promotion and after a rollback."""

import msgspec
from click.testing import CliRunner
from flights.cli import load_pipeline
from flights.features import FEATURES

from mlops_loop import Composition, Project
from mlops_loop._bundle import read_bundle, write_bundle
from mlops_loop._status import project_status
from mlops_loop.cli import command_line
from mlops_loop.registry import ChampionChange


def test_the_commands_call_the_callbacks_of_the_project(project: Project) -> None:
    changes: list[ChampionChange] = []
    own = Project(
        project.root,
        package="flights",
        features=FEATURES,
        on_promotion=[changes.append],
        on_rollback=[changes.append],
    )
    cli = command_line(lambda: Composition(own, load_pipeline))
    version = own.published().champion
    assert version is not None
    other = second_version(own, version)
    for arguments in (["promote", other], ["rollback"]):
        result = CliRunner().invoke(cli, [*arguments, "--reason", "to see it"])
        assert result.exit_code == 0, result.output
    assert [(change.version, change.previous, change.reason) for change in changes] == [
        (other, version, "to see it"),
        (version, other, "to see it"),
    ]


def test_the_status_is_that_of_the_versions_in_service(project: Project) -> None:
    version = project.published().champion
    assert version is not None
    other = second_version(project, version)
    project.transitions.challenge(other, actor="test", reason="to try it")
    status = project_status(project)
    assert status.challenger is not None and status.challenger.version == other
    assert (status.loop["state"], status.loop["reason"]) == (
        "challenging",
        f"challenge: version {other}: to try it",
    )
    project.transitions.reject(other, actor="test", reason="enough")
    status = project_status(project)
    assert status.challenger is None
    assert (status.loop["state"], status.loop["reason"]) == (
        "steady",
        f"reject: version {other}: enough",
    )


def second_version(project: Project, version: str) -> str:
    """Register the champion's bundle as another version."""
    bundle = read_bundle(project.bundles.fetch(version))
    run_id = project.registry.version(version).run_id
    other = project.registry.create_version(run_id, "model", {"gate": "passed"})
    project.registry.complete(other)
    names = (*bundle.manifest.files,)
    manifest = msgspec.structs.replace(bundle.manifest, version=other)
    files = {name: bundle.read(name) for name in names}
    project.bundles.publish(write_bundle(project.root / "draft", manifest, files))
    return other

"""Functions of a project that are called after a promotion and after a rollback."""

import msgspec
from click.testing import CliRunner
from flights.cli import load_pipeline
from flights.features import FEATURES

from mlops_loop import Composition, Project
from mlops_loop.bundle import read_bundle, write_bundle
from mlops_loop.cli import command_line


def test_the_commands_call_the_callbacks_of_the_project(project: Project) -> None:
    changes = list[tuple[str, str]]()
    own = Project(
        project.root,
        package="flights",
        features=FEATURES,
        on_promotion=[lambda change: changes.append(("promotion", change.reason))],
        on_rollback=[lambda change: changes.append(("rollback", change.reason))],
    )
    cli = command_line(lambda: Composition(own, load_pipeline))
    version = own.published().champion
    assert version is not None
    other = second_version(own, version)
    for arguments in (["promote", other], ["rollback"]):
        result = CliRunner().invoke(cli, [*arguments, "--reason", "to see it"])
        assert result.exit_code == 0, result.output
    assert changes == [("promotion", "to see it"), ("rollback", "to see it")]


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

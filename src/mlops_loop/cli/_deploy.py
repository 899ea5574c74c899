"""Commands for deployment targets."""

from pathlib import Path

import click

from ._common import AS_JSON, Session, opened, show_json
from ._state import judge_deployment


@click.group()
def deploy() -> None:
    """Make what a deployment target takes."""


@deploy.command()
@click.option("--target", "name", help="Target, a folder below deploy/.  [default: the only one]")
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    help="Folder or zip to make.  [default: build/deploy/TARGET]",
)
@click.option("--without-model", is_flag=True, help="Leave out the published models.")
@click.option("--zip", "zipped", is_flag=True, help="Make a zip, for functions.")
@AS_JSON
@click.pass_obj
def package(
    session: Session,
    name: str | None,
    output: Path | None,
    without_model: bool,
    zipped: bool,
    as_json: bool,
) -> None:
    """Make the build context of the image, or the source files or zip, with the models.

    What `doctor --deploy` finds in the settings goes to standard error, and stops nothing: the
    platform may have other settings in its environment.
    """
    from .._packaging import Environment
    from ..deploy._package import find_target, make_package

    with opened(session, logs=False) as project:
        target = find_target(project.root, name)
        default = project.root / "build" / "deploy" / f"{target.name}{'.zip' if zipped else ''}"
        made = make_package(
            project,
            target,
            Environment(project.root),
            (output or default).resolve(),
            with_models=not without_model,
            zipped=zipped,
        )
        checks = judge_deployment(session, project)
    if as_json:
        show_json(made.to_json())
    else:
        click.echo("\n".join(made.messages()))
    for check in checks:
        if not check.passed:
            click.echo(f"doctor --deploy: {check.summary()}", err=True)

"""The command line. Nothing heavy is imported until a command runs."""

import sys
from collections.abc import Callable
from pathlib import Path
from traceback import format_exception
from types import TracebackType
from typing import TYPE_CHECKING, Any

import click

from .._process_environment import (
    disable_telemetry,
    keep_standard_output_for_commands,
    let_waiting_threads_sleep,
)
from .._redaction import redact
from .._standard_output import make_output_robust
from ..errors import InputError, ProjectCodeError, ProjectError
from ._adoption import adopt
from ._common import Session
from ._contract import contract
from ._data import label, log
from ._deploy import deploy
from ._documentation import docs
from ._explanation import explain
from ._file_errors import describe_file_error
from ._keys import key
from ._loop import alert, loop, monitor
from ._models import challenge, confirm, lineage, listed, promote, reject, rollback
from ._packaging import add, library, requirements
from ._serving import replay, score, serve, ui
from ._state import doctor, status
from ._training import evaluate, fit, ingest, register, train

if TYPE_CHECKING:
    from .._composition import Composition

__all__ = ["command_line"]

COMMANDS = (
    adopt,
    ingest,
    contract,
    fit,
    evaluate,
    register,
    train,
    serve,
    key,
    score,
    replay,
    label,
    monitor,
    alert,
    loop,
    listed,
    lineage,
    explain,
    challenge,
    promote,
    confirm,
    reject,
    rollback,
    log,
    status,
    doctor,
    ui,
    add,
    requirements,
    library,
    deploy,
    docs,
)

_TRACEBACK = " (re-run with --debug for a traceback)"
# The exit code of a process that Ctrl-C ended, 128 + SIGINT.
INTERRUPTED = 130


class Commands(click.Group):
    """Prints an exception as one sentence and sets the exit code; with --debug it is raised."""

    def main(self, *args: Any, **extra: Any) -> Any:
        make_output_robust()
        sys.excepthook = print_traceback
        return super().main(*args, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except ProjectCodeError as error:
            self._fail(ctx, error, error.exit_code, _TRACEBACK)
        except ProjectError as error:
            self._fail(ctx, error, error.exit_code)
        except click.ClickException as error:
            error.message = redact(error.message)  # type: ignore[misc]
            raise
        except (click.exceptions.Exit, click.Abort):
            raise
        except KeyboardInterrupt:
            click.echo("interrupted", err=True)
            ctx.exit(INTERRUPTED)
        except Exception as error:
            from .._project_code import locate

            if ctx.params.get("debug"):
                raise
            if located := locate(error):
                self._fail(ctx, located, located.exit_code, _TRACEBACK)
            if isinstance(error, OSError) and (text := describe_file_error(error)):
                self._fail(ctx, InputError(text), InputError.exit_code)
            self._fail(ctx, error, 1, " (internal error; re-run with --debug for a traceback)")

    def _fail(self, ctx: click.Context, error: Exception, code: int, hint: str = "") -> None:
        if ctx.params.get("debug"):
            raise error
        click.echo(f"error: {redact(str(error)) or type(error).__name__}{hint}", err=True)
        ctx.exit(code)


def print_traceback(
    kind: type[BaseException], error: BaseException, traceback: TracebackType | None
) -> None:
    """The traceback of an exception, without secrets."""
    click.echo(redact("".join(format_exception(kind, error, traceback))), err=True, nl=False)


def command_line(load: Callable[[], "Composition"]) -> click.Group:
    """The commands of a project; add your own with `@cli.command()` or `cli.add_command`.

    Args:
        load: imports the project; called when a command runs, so that `--help` is fast.

    Returns:
        A group of Click.

    Examples:
        >>> import click
        >>> from mlops_loop import Composition
        >>> cli = command_line(lambda: Composition(project, pipeline))
        >>> @cli.command()
        ... def hello() -> None:
        ...     click.echo("hello")
        >>> "hello" in cli.commands and "train" in cli.commands
        True
    """

    @click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
    @click.option("--debug", is_flag=True, help="Show tracebacks.")
    @click.option(
        "--root",
        type=click.Path(file_okay=False, path_type=Path),
        help="Work on the project's configuration and data in this folder.",
    )
    @click.pass_context
    def cli(context: click.Context, debug: bool, root: Path | None) -> None:
        """Train, serve, monitor and retrain one model."""
        disable_telemetry()
        keep_standard_output_for_commands()
        let_waiting_threads_sleep()
        context.obj = Session(load, root)

    for command in COMMANDS:
        cli.add_command(command)
    return cli

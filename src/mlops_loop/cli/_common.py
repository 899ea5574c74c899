"""Options, parameter types and output that several commands share."""

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from .._composition import Composition, Pipeline
    from .._project import Project
    from ..monitoring import MonitoringPlan


@dataclass(frozen=True)
class Session:
    """The object of the Click context: loads the project that a command works on.

    Attributes:
        load: imports the project; called when a command runs, so that `--help` is quick.
        root: the folder given by `--root`; None for the project's own.
    """

    load: Callable[[], "Composition"]
    root: Path | None = None

    def project(self) -> "Project":
        """The project, with nothing opened yet."""
        project = self.load().project
        return project if self.root is None else project.copy(root=self.root)

    def pipeline(self) -> "Pipeline":
        """The project's stages of training."""
        return self.load().pipeline()

    def monitoring(self) -> "MonitoringPlan":
        """The project's checks, actions and receivers."""
        return self.load().monitoring()


@contextmanager
def opened(
    session: Session, *, logs: bool = True, engine: str | None = None
) -> Iterator["Project"]:
    """The project, closed at the end of the command; `engine` overrides that of the settings.

    Without `logs`, structured logs are not set up, which is a third of a fast command's time.
    """
    if logs:
        set_up_logs()
    project = session.project()
    project = project if engine is None else project.with_engine(engine)
    try:
        yield project
    finally:
        project.close()


def set_up_logs() -> None:
    """Structured logs on standard error."""
    from .._logs import configure_logs

    configure_logs()


def show_json(value: object) -> None:
    """One JSON object on standard output."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False, default=str))


def actor() -> str:
    """The user who runs the command, for the audit log; no environment variable changes it."""
    if sys.platform == "win32":
        return os.getlogin()
    from pwd import getpwuid

    try:
        return getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid {os.getuid()}"


class Moment(click.ParamType[datetime]):
    """A date or datetime in ISO 8601; without a time zone it is UTC."""

    name = "datetime"

    def convert(self, value: Any, param: Any, ctx: Any) -> datetime:
        if isinstance(value, datetime):
            return value
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"invalid date {value!r}: expected ISO 8601, e.g. 2013-06-01", param, ctx)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


class DurationType(click.ParamType[timedelta]):
    """A duration as in the settings, e.g. 36h or 7d."""

    name = "duration"

    def convert(self, value: Any, param: Any, ctx: Any) -> timedelta:
        from .._duration import parse_duration

        try:
            return parse_duration(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


class EngineType(click.ParamType[str]):
    """Address of an engine, as in the settings."""

    name = "address"

    def convert(self, value: Any, param: Any, ctx: Any) -> str:
        from ..engines._address import check_engine

        try:
            return check_engine(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


MOMENT = Moment()
DURATION = DurationType()
EXISTING = click.Path(exists=True, dir_okay=False, path_type=Path)
AS_JSON = click.option("--json", "as_json", is_flag=True, help="One JSON object instead of text.")
REASON = click.option("--reason", default="by hand", show_default=True)
ENGINE = click.option(
    "--engine",
    type=EngineType(),
    help="Where the work runs, e.g. dask://local?workers=2.  [default: `engine` of the settings]",
)

"""What several commands share."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from getpass import getuser
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from ..composition import Composition, Pipeline
    from ..monitoring import MonitoringPlan
    from ..project import Project


@dataclass(frozen=True)
class Session:
    """What commands are given: how to load the project that they work on.

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
def opened(session: Session, *, logs: bool = True) -> Iterator["Project"]:
    """The project, closed when the command is done.

    Without `logs`, structured logs are not set up: they are a third of a quick command's time.
    """
    if logs:
        set_up_logs()
    project = session.project()
    try:
        yield project
    finally:
        project.close()


def set_up_logs() -> None:
    """Structured logs on standard error."""
    from ..logs import configure_logs

    configure_logs()


def show_json(value: object) -> None:
    """One JSON object on standard output."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False, default=str))


def actor() -> str:
    """Who runs the command, for the journal."""
    try:
        return getuser()
    except (KeyError, OSError):
        return "unknown"


class Moment(click.ParamType[datetime]):
    """A date or a date and time in ISO 8601; one without a zone is UTC."""

    name = "moment"

    def convert(self, value: Any, param: Any, ctx: Any) -> datetime:
        if isinstance(value, datetime):
            return value
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is no date in ISO 8601, as 2013-06-01", param, ctx)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


class Span(click.ParamType[timedelta]):
    """A span of time as in the settings: 36h, 7d."""

    name = "span"

    def convert(self, value: Any, param: Any, ctx: Any) -> timedelta:
        from ..duration import parse_duration

        try:
            return parse_duration(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


MOMENT = Moment()
EXISTING = click.Path(exists=True, dir_okay=False, path_type=Path)
AS_JSON = click.option("--json", "as_json", is_flag=True, help="One JSON object instead of text.")
REASON = click.option("--reason", default="by hand", show_default=True)

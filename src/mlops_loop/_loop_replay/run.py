"""Replay of the past, month by month, against the real service on a simulated clock."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from .._clock import ManualClock
from .._composition import Pipeline
from .._file_systems import is_remote
from .._history_archive import Archive, has_history
from .._project import Project
from .._replay.client import ServiceClient
from .._replay.traffic import Traffic
from .._settings import Replay, Settings
from ..data._sources import open_source
from ..errors import GateError, InputError
from ..loop._controller import RetrainingController
from ..loop._factory import make_controller
from ..monitoring import MonitoringPlan, MonitoringReport
from ..prediction_log import NONE
from .period import replay_period
from .report.build import build_report
from .report.month import PlayedMonth
from .report.report_html import render
from .service import running_service
from .stream import Stream, read_stream

DAY = timedelta(days=1)
# Steps of the loop in a window.
STEPS = 4
# Of a project that keeps no predictions.
OWN_LOG = "sqlite:///var/replay/predictions.db"

Window = tuple[datetime, datetime]


@dataclass(frozen=True)
class ProgressListener:
    """Receives messages and progress of a replay.

    Attributes:
        on_message: called with a line for each event.
        on_progress: called with the number of rows done, and of all rows.
    """

    on_message: Callable[[str], None]
    on_progress: Callable[[int, int], None] = lambda done, total: None


def replay_year(
    project: Project,
    pipeline: Callable[[], Pipeline],
    plan: MonitoringPlan,
    listener: ProgressListener,
    *,
    months: int | None = None,
    rows_per_month: int | None = None,
    fresh: bool = False,
) -> Path:
    """Replay a period of the past from an empty project, and write the report.

    The period is that of the section `replay` of the settings; by default the second half of the
    source, at most a year. The first model is trained on the rows before it.

    Args:
        project: the project; its clock is not read.
        pipeline: imports the stages of training.
        plan: the checks, actions and receivers.
        listener: receives messages and progress.
        months: number of months to replay, by default all.
        rows_per_month: uniform sample of each month, by default that of the settings.
        fresh: archive `var/` and the prediction log first; without it a project with a
            history is rejected.

    Returns:
        Path of the report.

    Raises:
        InputError: if the contract has no time column, the project has a history, or its bundle
            store is that of services elsewhere.
        SourceError: if the source cannot be read.
        StoreError: if the prediction log is unavailable.
        GateError: if the gate rejects the first model; what was archived is then put back.
    """
    settings = replay_settings(project.settings, listener)
    replay = replay_period(settings, settings.contract())
    if rows_per_month is not None:
        replay = replay.model_copy(update={"rows_per_month": rows_per_month})
    windows = list(_months(replay))[:months]
    project = project.copy(clock=ManualClock(windows[0][0]))
    project.settings = settings
    archive = _clear(settings, listener, fresh=fresh)
    run = _Run(project, replay, windows, listener)
    try:
        run.play(pipeline, plan)
    except BaseException:  # also an interruption
        if archive is not None:
            _recover(archive, listener, started=run.started)
        raise
    listener.on_message(f"report       {project.paths.loop_report}")
    return project.paths.loop_report


@dataclass
class _Run:
    """A replay, which has started once there is a champion."""

    project: Project
    replay: Replay
    windows: list[Window]
    listener: ProgressListener
    started: bool = False

    def play(self, pipeline: Callable[[], Pipeline], plan: MonitoringPlan) -> None:
        """Play all windows, and write the report."""
        project, page = self.project, self.project.paths.loop_report
        try:
            with running_service(project) as client:
                loop = make_controller(project, pipeline, plan)
                self._train_first_model(loop)
                played = self._play_windows(loop, client)
            render(build_report(project, played, self.replay, page=page), page)
        finally:
            project.close()

    def _train_first_model(self, loop: RetrainingController) -> None:
        _step(loop, self.listener)
        if self.project.published().champion is None:
            raise GateError(
                "the gate rejected the first model, so the replay cannot start: "
                "train on more rows (source), or with other features or models"
            )
        self.started = True

    def _play_windows(self, loop: RetrainingController, client: ServiceClient) -> list[PlayedMonth]:
        project, windows = self.project, self.windows
        stream = read_stream(
            project.contract,
            open_source(self.replay.source, project.settings),
            windows[0][0],
            windows[-1][1],
            self.replay.rows_per_month,
            project.settings.seed,
        )
        traffic = Traffic(client, project.contract.label_horizon)
        player = _Player(project, loop, stream, client, traffic, self.listener)
        played = [player.play(window) for window in windows]
        return [month for month in played if month.rows]


def _recover(archive: Archive, listener: ProgressListener, *, started: bool) -> None:
    """Put the archived history back if the replay has no model yet, else say where it is."""
    messages = archive.instructions()
    if not started:
        with suppress(OSError):  # e.g. a file that another process has open, on Windows
            messages = archive.restore()
    for message in messages:
        listener.on_message(message)


@dataclass(frozen=True)
class _Player:
    project: Project
    loop: RetrainingController
    stream: Stream
    client: ServiceClient
    traffic: Traffic
    listener: ProgressListener

    def play(self, window: Window) -> PlayedMonth:
        clock, rows = self.project.clock, 0
        assert isinstance(clock, ManualClock)
        monitoring: MonitoringReport | None = None
        for moment in _strides(*window, _stride(self.project.settings)):
            published = self.project.published()
            self.client.wait_for(champion=published.champion, challenger=published.challenger)
            rows += self.stream.send(self.traffic, moment)
            clock.set(moment)
            monitoring = _step(self.loop, self.listener) or monitoring
            self.listener.on_progress(self.stream.sent, len(self.stream))
        month = PlayedMonth(*window, rows, monitoring)
        self.listener.on_message(
            f"{month.summary()}, version {self.project.published().champion} serves"
        )
        return month


def _step(loop: RetrainingController, listener: ProgressListener) -> MonitoringReport | None:
    step = loop.step()
    for entry in step.entries:
        listener.on_message(f"{entry.time:%Y-%m-%d}   {entry.kind}: {entry.reason}")
    return step.monitoring


def _stride(settings: Settings) -> timedelta:
    """Time between two steps, in whole days: a week, if a window has 30 days."""
    return max(settings.monitoring.window // (STEPS * DAY), 1) * DAY


def _strides(since: datetime, until: datetime, stride: timedelta) -> Iterator[datetime]:
    """Moments of a month at which the loop takes a step; the last stride has the remaining days."""
    moment = since + stride
    while moment < until - stride / 2:
        yield moment
        moment += stride
    yield until


def _months(replay: Replay) -> Iterator[Window]:
    since, end = replay.since, replay.until
    while since < end:
        first = datetime(since.year, since.month, 1, tzinfo=since.tzinfo)
        after = (first + timedelta(days=32)).replace(day=1)
        yield since, min(after, end)
        since = after


def replay_settings(settings: Settings, listener: ProgressListener) -> Settings:
    """The settings of the replay, which has a log of its own if the project keeps none.

    Raises:
        InputError: if it would publish where services elsewhere read.
    """
    if is_remote(settings.bundle_store):
        raise InputError(
            f"services read {settings.bundle_store}, and the replay publishes models of its own: "
            "run it in a copy of the project with `bundle_store: var/bundles`"
        )
    if settings.prediction_log != NONE:
        return settings
    listener.on_message(f"log          {OWN_LOG}, as prediction_log is none")
    return settings.model_copy(update={"prediction_log": OWN_LOG})


def _clear(settings: Settings, listener: ProgressListener, *, fresh: bool) -> Archive | None:
    """Archive the history if `fresh`; without it, require that there is none."""
    if not fresh and has_history(settings):
        raise InputError(
            "var/ or the prediction log is not empty: `loop replay --fresh` archives it"
        )
    archive = Archive.of(settings) if fresh else None
    for message in archive.messages if archive else ():
        listener.on_message(message)
    return archive

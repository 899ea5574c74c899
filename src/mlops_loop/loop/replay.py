"""A stretch of the past, played month by month against the real service on a clock of its own."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from ..clock import ManualClock
from ..data.sources import open_source
from ..errors import GateError, InputError
from ..history_archive import archive_history, has_history
from ..monitoring import Monitoring
from ..project import Project
from ..replay.client import ServiceClient
from ..replay.traffic import Traffic
from ..settings import Replay, Settings
from .assembly import make_loop
from .machine import Loop
from .narrate import PlayedMonth, narrate
from .page import render
from .service import running_service
from .stream import Stream, read_stream

STRIDE = timedelta(days=7)

Window = tuple[datetime, datetime]


@dataclass(frozen=True)
class Audience:
    """Who follows a replay: `tell` gets a line for each event, `reached` rows done and in all."""

    tell: Callable[[str], None]
    reached: Callable[[int, int], None] = lambda done, total: None


def replay_year(
    project: Project,
    audience: Audience,
    *,
    months: int | None = None,
    rows_per_month: int | None = None,
    fresh: bool = False,
) -> Path:
    """Play the settings' replay from an empty project and write its page.

    Args:
        project: the project; its clock is not read.
        audience: told what happens.
        months: play only the first so many.
        rows_per_month: uniform sample of each month, by default that of the settings.
        fresh: set aside what `var/` and the prediction log hold; without it a project with a
            history is refused.

    Returns:
        Path of the page.

    Raises:
        InputError: if the settings have no replay, or the project has a history.
        StoreError: if the prediction log cannot be reached.
        GateError: if the gate lets no first model pass.
    """
    settings = project.settings
    if settings.contract().time is None:
        raise InputError(
            "config/contract.yaml has no column with role time: there is no year to play"
        )
    if settings.replay is None:
        raise InputError("config/project.yaml has no section replay: there is no year to play")
    _clear(settings, audience, fresh=fresh)
    windows = list(_months(settings.replay))[:months]
    rows = rows_per_month or settings.replay.rows_per_month
    page = project.paths.loop_report
    project = project.copy(clock=ManualClock(windows[0][0]))
    try:
        with running_service(project) as client:
            played = _play(project, client, windows, rows, audience)
        render(narrate(project, played, rows_per_month=rows, page=page), page)
    finally:
        project.close()
    audience.tell(f"report       {page}")
    return page


def _play(
    project: Project, client: ServiceClient, windows: list[Window], rows: int, audience: Audience
) -> list[PlayedMonth]:
    loop = make_loop(project)
    _step(loop, audience)
    if project.published().champion is None:
        raise GateError(
            "the gate let no first model pass, so there is nothing to play the year with: "
            "train on more rows (source), or with other features or models"
        )
    stream = _stream(project, windows, rows)
    traffic = Traffic(client, project.contract.label_horizon)
    player = _Player(project, loop, stream, client, traffic, audience)
    return [player.play(window) for window in windows]


def _stream(project: Project, windows: list[Window], rows: int) -> Stream:
    settings = project.settings
    assert settings.replay is not None
    source = open_source(settings.replay.source, settings)
    return read_stream(project.contract, source, windows[0][0], windows[-1][1], rows, settings.seed)


@dataclass(frozen=True)
class _Player:
    project: Project
    loop: Loop
    stream: Stream
    client: ServiceClient
    traffic: Traffic
    audience: Audience

    def play(self, window: Window) -> PlayedMonth:
        clock, rows = self.project.clock, 0
        assert isinstance(clock, ManualClock)
        monitoring: Monitoring | None = None
        for moment in _strides(*window):
            published = self.project.published()
            self.client.wait_for(champion=published.champion, challenger=published.challenger)
            rows += self.stream.send(self.traffic, moment)
            clock.set(moment)
            monitoring = _step(self.loop, self.audience) or monitoring
            self.audience.reached(self.stream.sent, len(self.stream))
        month = PlayedMonth(*window, rows, monitoring)
        self.audience.tell(
            f"{month.sentence()}, version {self.project.published().champion} serves"
        )
        return month


def _step(loop: Loop, audience: Audience) -> Monitoring | None:
    step = loop.step()
    for entry in step.entries:
        audience.tell(f"{entry.time:%Y-%m-%d}   {entry.kind}: {entry.reason}")
    return step.monitoring


def _strides(since: datetime, until: datetime) -> Iterator[datetime]:
    """Week after week; the last one takes what is left of the month."""
    moment = since + STRIDE
    while moment < until - STRIDE / 2:
        yield moment
        moment += STRIDE
    yield until


def _months(replay: Replay) -> Iterator[Window]:
    since, end = replay.moment(replay.since), replay.moment(replay.until)
    while since < end:
        after = (since.replace(day=1) + timedelta(days=32)).replace(day=1)
        yield since, min(after, end)
        since = after


def _clear(settings: Settings, audience: Audience, *, fresh: bool) -> None:
    if not fresh and has_history(settings):
        raise InputError(
            "var/ or the prediction log holds a history: `loop replay --fresh` sets it aside"
        )
    for message in archive_history(settings) if fresh else ():
        audience.tell(message)

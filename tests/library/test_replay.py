"""A file of rows, played against a real service as its callers would."""

import csv
import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import numpy as np
import pytest
from click.testing import CliRunner, Result

from mlops_loop._logs import configure_logs
from mlops_loop._replay import replay
from mlops_loop._replay.client import (
    ATTEMPTS,
    CallError,
    ServiceClient,
)
from mlops_loop._replay.rows import FileRows, open_rows
from mlops_loop._replay.run import KEY, MAX_CONSECUTIVE_FAILURES
from mlops_loop._replay.traffic import ReplayRow, Traffic
from mlops_loop._settings import Csv, Settings
from mlops_loop.contract._contract_file import parse_contract
from mlops_loop.contract._model import Contract
from mlops_loop.errors import InputError

from .projects import cli

ROWS = 5
Play = Callable[..., Result]


@pytest.fixture(autouse=True)
def no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(KEY, raising=False)


@pytest.fixture
def write(tmp_path: Path, shop: Contract) -> Callable[..., Path]:
    """Writes rows of one day after another, with their outcomes, as changed by row number."""

    def write(rows: int = ROWS, **changed: dict[int, str]) -> Path:
        path = tmp_path / "rows.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, [column.name for column in shop.columns])
            writer.writeheader()
            for number in range(rows):
                row = {
                    "customer": f"c-{number}",
                    "at": f"2013-01-{number % 28 + 1:02}T10:00:00",
                    "price": "9.5",
                    "pieces": "2",
                    "sold as": "set",
                    "country": "DE",
                    "gift": "",
                    "delivered": "",
                    "returned": "false" if number == 1 else "true",
                }
                row |= {
                    name: values[number] for name, values in changed.items() if number in values
                }
                writer.writerow(row)
        return path

    return write


@pytest.fixture
def play(shop_settings: Settings) -> Play:
    """Runs the command; what the service in this process has to say is not on its output."""
    configure_logs()

    def play(*arguments: object, code: int = 0) -> Result:
        command = ["--root", str(shop_settings.root), "replay", *map(str, arguments)]
        result = CliRunner().invoke(cli, command)
        assert result.exit_code == code, (result.output, result.exception)
        return result

    return play


def address(served: Any) -> str:
    return str(served.http.base_url)


def test_every_row_is_asked_about_once_and_gets_its_label(
    served: Any, write: Any, play: Play
) -> None:
    labels = ("--labels", "returned", "--delay", "2d")
    found = json.loads(play(write(), "--url", address(served), *labels, "--json").stdout)
    assert (found["rows"], found["answered"], found["versions"]) == (ROWS, ROWS, {"1": ROWS})
    assert (found["labels"], found["errors"]) == ({"sent": ROWS, "unreadable": 0}, [])
    assert 0 < found["latency"]["p50"] <= found["latency"]["p90"] <= found["latency"]["p99"]
    logged = sorted(served.log.sample(None, None, 2 * ROWS), key=lambda one: one.record.event_time)
    assert [one.record.entity_key for one in logged] == [f"c-{n}" for n in range(ROWS)]
    assert [one.label.label for one in logged] == [True, False, True, True, True]


def test_in_words_it_says_how_fast_and_who_answered(served: Any, write: Any, play: Play) -> None:
    said = play(write(), "--url", address(served)).output
    assert f"predicted: {ROWS} by version 1" in said
    assert "p50" in said and "p90" in said and "p99" in said
    assert "labels" not in said
    assert served.log.totals().labels == 0


def test_requests_that_are_refused_are_counted_by_kind(served: Any, write: Any, play: Play) -> None:
    file = write(price={1: "2000", 2: "cheap"}, returned={3: "perhaps"})
    labels = ("--labels", "returned")
    found = json.loads(play(file, "--url", address(served), *labels, "--json", code=3).stdout)
    (refused,) = found["errors"]
    assert (refused["kind"].split()[0], refused["requests"]) == ("422", 2)
    assert ".csv, line 3: " in refused["first"] and "price is above 1000" in refused["first"]
    assert found["answered"] == ROWS - 2
    assert found["labels"] == {"sent": ROWS - 3, "unreadable": 1}


def test_a_key_comes_from_the_environment_or_an_option(
    serve_shop: Any, publisher: Any, write: Any, play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    publisher.publish("1")
    publisher.point("1")
    with serve_shop(api_keys=("first",)) as served:
        url = ("--url", address(served))
        assert (
            f"needs a key: set {KEY} in the environment, or --key"
            in play(write(), *url, code=2).stderr
        )
        monkeypatch.setenv(KEY, "other")
        assert f"rejects the key: set {KEY} in" in play(write(), *url, code=2).stderr
        assert f"{ROWS} rows" in play(write(), *url, "--key", "first").output
        monkeypatch.setenv(KEY, "first")
        assert f"{ROWS} rows" in play(write(), *url).output


def test_without_a_service_it_says_what_to_start(write: Any, play: Play) -> None:
    said = play(write(), "--url", "http://127.0.0.1:1", code=2).stderr
    assert "no service at http://127.0.0.1:1" in said and "serve" in said


@pytest.mark.parametrize("url", ["localhost:8000", "ftp://localhost", "http://", "http://[::1"])
def test_what_is_no_address_is_said_so(write: Any, play: Play, url: str) -> None:
    assert "is not" in play(write(), "--url", url, code=2).stderr


class Stranger(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"<h1>welcome</h1>")

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def stranger() -> Iterator[str]:
    """The address of a server that is another one."""
    with HTTPServer(("127.0.0.1", 0), Stranger) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_another_service_is_noticed_before_the_first_row(
    write: Any, play: Play, stranger: str
) -> None:
    assert "is not such a service" in play(write(), "--url", stranger, code=2).stderr


def test_a_service_without_a_model_is_noticed(serve_shop: Any, write: Any, play: Play) -> None:
    with serve_shop() as served:
        assert "has no model yet" in play(write(), "--url", address(served), code=2).stderr


def test_a_file_that_does_not_fit_is_refused(
    served: Any, write: Any, play: Play, tmp_path: Path
) -> None:
    url = ("--url", address(served))
    said = play(write(), *url, "--labels", "outcome", code=2).stderr
    assert "has no column outcome" in said and "returned" in said
    other = tmp_path / "other.csv"
    other.write_text("price,pieces\n1,2\n", encoding="utf-8")
    assert "missing columns customer, at" in play(other, *url, code=2).stderr
    assert "no file or folder" in play(tmp_path / "none.csv", *url, code=2).stderr
    assert "--labels" in play(write(), *url, "--delay", "2d", code=2).stderr
    assert served.log.totals().predictions == 0


def test_no_more_rows_a_second_are_sent_than_asked_for(served: Any, write: Any, play: Play) -> None:
    began = time.monotonic()
    play(write(), "--url", address(served), "--rate", "20")
    assert time.monotonic() - began >= (ROWS - 1) / 20


def test_a_service_of_another_target_gets_no_rows(
    write: Callable[..., Path], served: Any, shop: Contract
) -> None:
    contract = parse_contract(shop.text.replace("returned:", "kept:"))
    rows = open_rows(str(write()), contract, Csv(), None)
    with pytest.raises(InputError, match="predicts returned .*target is kept .*restart the serv"):
        replay(rows, address(served))
    assert served.log.totals().predictions == 0


def test_a_service_that_goes_ends_the_replay(
    serve_shop: Any, publisher: Any, write: Any, shop: Contract
) -> None:
    publisher.publish("1")
    publisher.point("1")
    with ExitStack() as stack:
        served = stack.enter_context(serve_shop())

        def reached(done: int, total: int | None) -> None:
            if done == ROWS:
                stack.close()

        rows = open_rows(str(write(3 * MAX_CONSECUTIVE_FAILURES)), shop, Csv(), None)
        found = replay(rows, address(served), progress=reached)
    assert found.unreachable and not found.passed
    assert (found.stats.answered, found.stats.rows) == (ROWS, ROWS + MAX_CONSECUTIVE_FAILURES)
    assert "the service is unavailable" in found.messages()[-1]


class Told:
    """A service that writes down what it is asked."""

    def __init__(self, rejections: int = 0) -> None:
        self.said: list[object] = []
        self.rejections = rejections

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if self.rejections:
            self.rejections -= 1
            return httpx.Response(503, headers={"Retry-After": "7"}, json={"detail": "busy"})
        body = json.loads(request.content)
        self.said.append(body["n"] if "n" in body else [one["prediction_id"] for one in body])
        return httpx.Response(200, json={"prediction_id": body["n"]} if "n" in body else {})


def client(told: Told, pauses: list[float]) -> ServiceClient:
    http = httpx.Client(base_url="http://service", transport=httpx.MockTransport(told))
    return ServiceClient(http, pause=pauses.append)


def test_an_outcome_is_told_when_its_time_has_come() -> None:
    told = Told()
    traffic = Traffic(client(told, []), timedelta(days=2))
    for day in range(1, 5):
        moment = np.datetime64(f"2013-01-{day:02}T10:00", "us")
        traffic.send_rows(
            [ReplayRow({"n": str(day)}, label=None if day == 2 else True, moment=moment)]
        )
        traffic.send_labels(moment)
    assert told.said == ["1", "2", "3", "4", ["1"]]
    traffic.send_labels()
    assert told.said[5:] == [["3", "4"]]
    assert (traffic.labels_sent, traffic.due) == (3, None)


def test_who_is_told_to_come_back_does_so_after_as_long_as_was_said() -> None:
    pauses: list[float] = []
    asking = client(Told(rejections=2), pauses)
    assert asking.predict([{"n": "1"}]) == [{"prediction_id": "1"}]
    assert (pauses, asking.waits) == ([7.0, 7.0], 2)
    with pytest.raises(CallError, match="503 Service Unavailable: busy"):
        client(Told(rejections=ATTEMPTS), []).predict([{"n": "1"}])


def test_without_a_time_column_outcomes_follow_by_the_clock(
    served: Any, write: Any, shop: Contract
) -> None:
    columns = tuple(
        column.model_copy(update={"role": "feature"}) if column.name == "at" else column
        for column in shop.columns
    )
    timeless = shop.model_copy(update={"columns": columns})
    rows = FileRows(timeless, [write()], Csv(), "returned")
    found = replay(rows, address(served), delay=timedelta(milliseconds=300))
    assert found.seconds >= 0.3
    assert found.labels == ROWS

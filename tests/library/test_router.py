import re
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from typing import Any, Literal

import numpy as np
import pytest

from mlops_loop.bundle import CONTRACT, read_bundle, write_bundle
from mlops_loop.contract.check import check_rows
from mlops_loop.contract.columns import Columns
from mlops_loop.contract.json_schema import example_row
from mlops_loop.contract.model import Contract, parse_contract
from mlops_loop.prediction_log.records import Output
from mlops_loop.servable import Load
from mlops_loop.serving.identifiers import fraction, new_ids
from mlops_loop.serving.router import Router, Watcher


@pytest.fixture
def router(publisher: Any, load_shop: Load) -> Router:
    return Router(publisher.store, features_digest=publisher.features.digest, load=load_shop)


@pytest.fixture
def columns(shop: Contract) -> Columns:
    return check_rows(shop, [example_row(shop)] * 400).columns


def answered(router: Router, columns: Columns) -> list[tuple[Output, ...]]:
    assert router.deployment is not None
    keys = [f"customer {number}" for number in range(len(columns["price"]))]
    return router.deployment.predict(columns, keys)


def reasons(router: Router) -> str:
    return "; ".join(refusal.reason for refusal in router.rejections)


def test_with_nothing_published_there_is_nothing_to_serve(router: Router) -> None:
    router.refresh()
    assert router.deployment is None
    assert router.rejections == ()


def test_the_pointer_is_followed(router: Router, publisher: Any, columns: Columns) -> None:
    publisher.publish("1")
    publisher.publish("2")
    publisher.point("1")
    router.refresh()
    assert {row[0].version for row in answered(router, columns)} == {"1"}
    publisher.point("2")
    router.refresh()
    assert {row[0].version for row in answered(router, columns)} == {"2"}


def test_in_shadow_both_predict_and_the_champion_answers(
    router: Router, publisher: Any, columns: Columns
) -> None:
    publisher.publish("1", 0.25)
    publisher.publish("2", 0.75)
    publisher.point("1", "2")
    router.refresh()
    served, shadow = answered(router, columns)[0]
    assert (served.version, served.variant, served.served) == ("1", "champion", True)
    assert (shadow.version, shadow.variant, shadow.served) == ("2", "challenger", False)
    assert (served.prediction, shadow.prediction) == (False, True)
    assert shadow.probabilities == [0.25, 0.75]


def test_a_split_gives_the_challenger_its_share_by_key(
    router: Router, publisher: Any, columns: Columns
) -> None:
    publisher.publish("1")
    publisher.publish("2")
    publisher.point("1", "2", mode="split", share=0.25)
    router.refresh()
    first = [row[0].version for row in answered(router, columns)]
    assert first.count("2") == pytest.approx(100, abs=30)
    assert all(len(row) == 1 and row[0].served for row in answered(router, columns))
    publisher.point("1", "2", mode="split", share=0.5)
    router.refresh()
    second = [row[0].version for row in answered(router, columns)]
    # Who met the challenger goes on meeting it when its share grows.
    assert {n for n, v in enumerate(first) if v == "2"} < {
        n for n, v in enumerate(second) if v == "2"
    }


@pytest.mark.parametrize(("share", "version"), [(0.0, "1"), (1.0, "2")])
def test_a_split_may_be_all_or_nothing(
    router: Router, publisher: Any, columns: Columns, share: float, version: str
) -> None:
    publisher.publish("1")
    publisher.publish("2")
    publisher.point("1", "2", mode="split", share=share)
    router.refresh()
    assert {row[0].version for row in answered(router, columns)} == {version}


def test_a_damaged_bundle_is_refused_and_the_old_one_goes_on(
    router: Router, publisher: Any, columns: Columns
) -> None:
    publisher.publish("1")
    publisher.point("1")
    router.refresh()
    publisher.publish("2")
    publisher.damage("2")
    publisher.point("2")
    router.refresh()
    assert {row[0].version for row in answered(router, columns)} == {"1"}
    assert "version 2 cannot serve" in reasons(router)
    publisher.point("1")
    router.refresh()
    assert router.rejections == ()


def test_a_model_that_cannot_predict_the_example_is_refused(router: Router, publisher: Any) -> None:
    publisher.publish("1", columns=99)
    publisher.point("1")
    router.refresh()
    assert router.deployment is None
    assert "version 1 cannot serve" in reasons(router)


def test_a_model_of_another_contract_than_it_came_with_is_refused(
    router: Router, publisher: Any
) -> None:
    publisher.publish("1")
    folder = publisher.store.fetch("1")
    bundle = read_bundle(folder)
    other = b"{problem: regression, label_horizon: 1d, columns: {size: {type: number}, "
    other += b"price: {type: number, role: target}}}"
    files = {name: bundle.read(name) for name in bundle.manifest.files} | {CONTRACT: other}
    write_bundle(folder, bundle.manifest, files)
    publisher.point("1")
    router.refresh()
    assert router.deployment is None
    assert re.search("needs the column .* which its contract does not have", reasons(router))


def test_a_version_that_is_not_there_yet_is_taken_when_it_comes(
    router: Router, publisher: Any
) -> None:
    publisher.point("1")
    router.refresh()
    assert "not published" in reasons(router)
    publisher.publish("1")
    router.refresh()
    assert router.deployment is not None
    assert router.rejections == ()


def test_a_pointer_that_cannot_be_read_changes_nothing(
    router: Router, publisher: Any, columns: Columns, tmp_path: Path
) -> None:
    publisher.publish("1")
    publisher.point("1")
    router.refresh()
    pointer = next(tmp_path.rglob("pointer.json"))
    pointer.write_bytes(b"{")
    router.refresh()
    assert {row[0].version for row in answered(router, columns)} == {"1"}
    assert "pointer cannot be followed" in reasons(router)
    pointer.write_bytes(b'{"rollouts": {}}')
    router.refresh()
    assert {row[0].version for row in answered(router, columns)} == {"1"}
    assert "names no champion" in reasons(router)


def test_a_challenger_that_needs_other_columns_is_refused(
    router: Router, publisher: Any, shop: Contract, columns: Columns
) -> None:
    text = shop.text.replace("  returned:", "  weight: {type: number, example: 1.0}\n  returned:")
    publisher.publish("1")
    publisher.publish("2", contract=parse_contract(text))
    publisher.point("1", "2")
    router.refresh()
    assert router.deployment is not None and router.deployment.challenger is None
    assert "needs the column weight" in reasons(router)


class Fragile:
    """A predictor that fails once it has been loaded."""

    def __init__(self, predictor: Any) -> None:
        self.manifest, self.contract = predictor.manifest, predictor.contract
        self._left = 1

    def predict(self, columns: Columns) -> Any:
        if not self._left:
            raise RuntimeError("broken")
        self._left -= 1


@pytest.mark.parametrize("mode", ["shadow", "split"])
def test_a_challenger_that_fails_costs_no_answer(
    mode: Literal["shadow", "split"], publisher: Any, load_shop: Load, columns: Columns
) -> None:
    def load(bundle: Any) -> Any:
        predictor = load_shop(bundle)
        return Fragile(predictor) if bundle.manifest.version == "2" else predictor

    publisher.publish("1")
    publisher.publish("2")
    publisher.point("1", "2", mode=mode)
    router = Router(publisher.store, features_digest=publisher.features.digest, load=load)
    router.refresh()
    assert {(len(row), row[0].version) for row in answered(router, columns)} == {(1, "1")}


def test_how_long_models_take_is_told_while_there_are_two(
    router: Router, publisher: Any, columns: Columns
) -> None:
    publisher.publish("1")
    publisher.publish("2")
    publisher.point("1")
    router.refresh()
    assert {output.seconds for row in answered(router, columns) for output in row} == {None}
    for mode in ("shadow", "split"):
        publisher.point("1", "2", mode=mode)
        router.refresh()
        times = [output.seconds for row in answered(router, columns) for output in row]
        assert all(0 < (seconds or 0) < 5 for seconds in times)


def test_a_watched_pointer_is_followed_while_requests_run(
    router: Router, publisher: Any, columns: Columns
) -> None:
    publisher.publish("1")
    publisher.publish("2")
    publisher.point("1")
    router.refresh()
    watcher = Watcher(router, interval=0.005)
    watcher.start()
    done = Event()

    def call() -> set[str]:
        seen = set()
        while not done.is_set():
            versions = {row[0].version for row in answered(router, columns)}
            assert len(versions) == 1
            seen |= versions
        return seen

    with ThreadPoolExecutor(2) as pool:
        calls = [pool.submit(call) for _ in range(2)]
        for number in range(20):
            publisher.point("12"[number % 2])
            time.sleep(0.01)
        done.set()
        assert [call.result() for call in calls] == [{"1", "2"}] * 2
    watcher.stop()


def test_ids_sort_by_time_and_differ() -> None:
    moment = datetime(2013, 1, 1, tzinfo=UTC)
    early = set(new_ids(moment, 1000))
    (late,) = new_ids(datetime(2013, 1, 1, 0, 0, 1, tzinfo=UTC), 1)
    assert len(early) == 1000
    assert max(early) < late
    assert {(text[14], text[19] in "89ab", len(text)) for text in early} == {("7", True, 36)}


def test_fractions_are_even_and_depend_on_the_salt() -> None:
    drawn = np.array([fraction(str(number), "1") for number in range(4000)])
    other = np.array([fraction(str(number), "2") for number in range(4000)])
    assert np.histogram(drawn, 4, (0, 1))[0] == pytest.approx([1000] * 4, abs=150)
    assert abs(np.corrcoef(drawn, other)[0, 1]) < 0.1

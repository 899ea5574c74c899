"""Who may call the service."""

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from mlops_loop._settings import Settings
from mlops_loop.errors import ServiceError
from mlops_loop.prediction_log import Record
from mlops_loop.serving import _keys, _request_lifecycle
from mlops_loop.serving._caller import Caller
from mlops_loop.serving._key_file import KeyFile
from mlops_loop.serving._keys import ApiKeys

NOW = datetime(2013, 1, 1, tzinfo=UTC)
ALL = ("predict", "label", "metrics", "admin")


def admits(keys: ApiKeys, key: str) -> bool:
    return not keys.required or keys.caller_of(key) is not None


def test_without_a_valid_key_only_health_and_pages_answer(serve_shop: Any, problem: Any) -> None:
    with serve_shop(api_keys=("first", "second")) as served:
        served.publisher.publish("1")
        served.publisher.point("1")
        served.refresh()
        for path in ("/model", "/metrics", "/openapi.json", "/stranger"):
            problem(served.http.get(path), 401)
        refused = served.http.post("/predict", json=served.row, headers={"X-API-Key": "third"})
        assert "X-API-Key" in problem(refused, 401)["detail"]
        for path in ("/health/live", "/health/ready", "/", "/docs"):
            assert served.http.get(path).status_code == 200
        for key in ("first", "second"):
            headers = {"X-API-Key": key}
            assert served.http.get("/model", headers=headers).status_code == 200
        document = served.http.get("/openapi.json", headers=headers).json()
        assert document["security"] == [{"ApiKey": []}]
        assert "security" not in document["paths"]["/predict"]["post"]


def test_without_any_key_the_service_is_closed(serve_shop: Any, problem: Any) -> None:
    with serve_shop(allow_anonymous=False) as served:
        detail = problem(served.http.post("/predict", json=served.row), 401)["detail"]
        assert "key create" in detail and "serving.allow_anonymous" in detail
        assert served.http.get("/health/live").status_code == 200


@pytest.mark.parametrize(
    ("key", "message"),
    [(" ", "empty key"), ("sha256:12", "64 hexa"), ("sha256:" + "G" * 64, "64 hexa")],
)
def test_an_invalid_key_is_rejected(key: str, message: str) -> None:
    with pytest.raises(ServiceError, match=message):
        ApiKeys([key])


def test_a_digest_stands_for_its_key() -> None:
    digest = sha256(b"secret").hexdigest()
    keys = ApiKeys([f"sha256:{digest}"])
    assert admits(keys, "secret")
    assert not admits(keys, digest) and not admits(keys, f"sha256:{digest}")


def test_a_key_is_compared_with_every_other_in_constant_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    compared: list[bytes] = []

    def compare(given: bytes, known: bytes) -> bool:
        compared.append(known)
        return given == known

    keys = ApiKeys(["first", "second", "third"])
    monkeypatch.setattr(_keys.hmac, "compare_digest", compare)
    for key in ("first", "third", "guess"):
        keys.caller_of(key)
    assert [len(digest) for digest in compared] == 9 * [32]


def test_keys_are_added_and_revoked_while_the_service_runs(
    serve_shop: Any, shop_settings: Settings, problem: Any
) -> None:
    file = KeyFile(shop_settings.path(shop_settings.serving.key_file))
    with serve_shop(watch_interval=timedelta(0)) as served:

        def ask(key: str) -> Any:
            return served.http.get("/model", headers={"X-API-Key": key})

        assert served.http.get("/model").status_code == 200
        old, new = file.create("old", NOW), file.create("new", NOW)
        problem(served.http.get("/model"), 401)
        assert ask(old).status_code == ask(new).status_code == 200
        file.revoke("old")
        problem(ask(old), 401)
        assert ask(new).status_code == 200
        # A damaged file admits nobody new, and locks nobody out.
        file.path.write_text("{")
        problem(ask(old), 401)
        assert ask(new).status_code == 200


def test_a_label_knows_whose_key_gave_it(serve_shop: Any, shop_settings: Settings) -> None:
    file = KeyFile(shop_settings.path(shop_settings.serving.key_file))
    keys = {
        "key 1 of serving.api_keys": "first",
        "key billing": file.create("billing", NOW, ["label"]),
    }
    with serve_shop(api_keys=("first",)) as served:
        for authority, key in keys.items():
            served.log.append([Record(authority, None, NOW, NOW, {}, ())]).result()
            label = {"prediction_id": authority, "label": True}
            served.http.post("/labels", json=label, headers={"X-API-Key": key})
            assert served.log.get(authority).label.authority == authority


def test_without_its_last_key_the_service_stays_closed(tmp_path: Path) -> None:
    file = KeyFile(tmp_path / "keys.json")
    key = file.create("only", NOW)
    keys = ApiKeys(file=file, allow_anonymous=True, interval=0)
    assert admits(keys, key)
    file.revoke("only")
    assert not admits(keys, key) and not admits(keys, "") and keys.required
    # Nor does it open when it starts again.
    again = ApiKeys(file=file, allow_anonymous=True, interval=0)
    assert again.required and not again.exist and not admits(again, key)
    file.path.unlink()
    assert not admits(keys, "")


def test_a_key_file_that_cannot_be_read_ends_anonymous_requests(tmp_path: Path) -> None:
    file = KeyFile(tmp_path / "keys.json")
    keys = ApiKeys(file=file, allow_anonymous=True, interval=0)
    assert admits(keys, "")
    file.path.write_text("{")
    assert not admits(keys, "")
    with pytest.raises(ServiceError, match="restore the file"):
        ApiKeys(file=file, allow_anonymous=True)


def test_the_file_is_read_once_an_interval(tmp_path: Path) -> None:
    file, seconds = KeyFile(tmp_path / "keys.json"), [0.0]
    keys = ApiKeys(["fixed"], file, interval=1, now=lambda: seconds[0])
    key = file.create("late", NOW)
    assert not admits(keys, key)
    seconds[0] = 1
    assert admits(keys, key) and admits(keys, "fixed")


def test_a_file_that_becomes_readable_again_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = KeyFile(tmp_path / "keys.json")
    keys = ApiKeys(["fixed"], file, interval=0)
    key = file.create("late", NOW)

    def deny(self: KeyFile) -> dict[bytes, Caller]:
        raise ServiceError("permission denied")

    with monkeypatch.context() as patch:
        patch.setattr(KeyFile, "callers", deny)
        assert not admits(keys, key) and admits(keys, "fixed")
    # The file itself has not changed since.
    assert admits(keys, key)


def test_each_route_asks_for_its_scope(
    serve_shop: Any, shop_settings: Settings, problem: Any
) -> None:
    file = KeyFile(shop_settings.path(shop_settings.serving.key_file))
    keys = {scope: file.create(scope, NOW, [scope]) for scope in ALL}
    routes = {"predict": ("POST", "/predict"), "label": ("POST", "/labels")}
    routes |= {"metrics": ("GET", "/metrics"), "": ("GET", "/model")}
    with serve_shop() as served:
        served.publisher.publish("1")
        served.publisher.point("1")
        served.refresh()
        bodies = {"/predict": served.row, "/labels": {"prediction_id": "p", "label": True}}
        for scope, (method, path) in routes.items():
            for own, key in keys.items():
                response = served.http.request(
                    method, path, json=bodies.get(path), headers={"X-API-Key": key}
                )
                if own in (scope, "admin") or not scope:
                    assert response.status_code == 200, (scope, own)
                else:
                    detail = problem(response, 403)["detail"]
                    assert f"key {own} does not have the scope {scope!r}" in detail
            assert problem(served.http.request(method, path), 401)
        # Health checks and pages have no caller.
        assert served.http.get("/health/live").status_code == 200


def test_configured_keys_have_the_scopes_of_the_settings(serve_shop: Any, problem: Any) -> None:
    headers = {"X-API-Key": "first"}
    with serve_shop(api_keys=("first",), api_key_scopes=("metrics",)) as served:
        assert served.http.get("/metrics", headers=headers).status_code == 200
        problem(served.http.post("/labels", json=[], headers=headers), 403)


def test_two_keys_in_one_request_are_none(serve_shop: Any, problem: Any) -> None:
    with serve_shop(api_keys=("first", "second")) as served:
        for other in ("second", "guess"):
            headers = [("X-API-Key", "first"), ("X-API-Key", other)]
            problem(served.http.get("/model", headers=headers), 401)


def test_a_caller_does_not_overrule_official_labels(
    serve_shop: Any, shop_settings: Settings
) -> None:
    file = KeyFile(shop_settings.path(shop_settings.serving.key_file))
    shop = file.create("shop", NOW, ["predict", "label"])
    billing = file.create("billing", NOW, ["label"])
    with serve_shop() as served:
        served.log.append([Record("p", None, NOW, NOW, {}, ())]).result()

        def submit(key: str, label: bool) -> Any:
            body = {"prediction_id": "p", "label": label}
            return served.http.post("/labels", json=body, headers={"X-API-Key": key}).json()

        assert submit(shop, True)["joined"] == 1
        assert submit(billing, False)["replaced"] == ["p"]
        assert submit(shop, True)["conflicting"] == ["p"]
        recorded = served.log.get("p").label
        assert (recorded.label, recorded.authority, recorded.official) == (
            False,
            "key billing",
            True,
        )
        assert (recorded.replaced.label, recorded.replaced.authority) == (True, "key shop")


def test_predictions_and_log_lines_name_the_key(
    serve_shop: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    logger = Mock()
    monkeypatch.setattr(_request_lifecycle, "logger", logger)
    with serve_shop(api_keys=("first",)) as served:
        served.publisher.publish("1")
        served.publisher.point("1")
        served.refresh()
        headers = {"X-API-Key": "first"}
        answer = served.http.post("/predict", json=served.row, headers=headers).json()
        assert served.log.get(answer["prediction_id"]).record.caller == "key 1 of serving.api_keys"
        served.http.get("/model")
    callers = {
        (line.kwargs["path"], line.kwargs.get("caller")) for line in logger.info.call_args_list
    }
    # Who is not admitted has no name, whatever key they sent.
    assert ("/predict", "key 1 of serving.api_keys") in callers
    assert [caller for path, caller in callers if path != "/predict"] == [None]

"""Who may call the service."""

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from mlops_loop._settings import Settings
from mlops_loop.errors import ServiceError
from mlops_loop.prediction_log import Record
from mlops_loop.serving._key_file import KeyFile
from mlops_loop.serving._keys import ApiKeys

NOW = datetime(2013, 1, 1, tzinfo=UTC)


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
    assert keys.admit("secret")
    assert not keys.admit(digest) and not keys.admit(f"sha256:{digest}")


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
    keys = {"key 1 of serving.api_keys": "first", "key billing": file.create("billing", NOW)}
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
    assert keys.admit(key)
    file.revoke("only")
    assert not keys.admit(key) and not keys.admit("") and keys.required
    file.path.unlink()
    assert not keys.admit("")


def test_the_file_is_read_once_an_interval(tmp_path: Path) -> None:
    file, seconds = KeyFile(tmp_path / "keys.json"), [0.0]
    keys = ApiKeys(["fixed"], file, interval=1, now=lambda: seconds[0])
    key = file.create("late", NOW)
    assert not keys.admit(key)
    seconds[0] = 1
    assert keys.admit(key) and keys.admit("fixed")


def test_a_file_that_becomes_readable_again_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = KeyFile(tmp_path / "keys.json")
    keys = ApiKeys(["fixed"], file, interval=0)
    key = file.create("late", NOW)

    def deny(self: KeyFile) -> dict[bytes, str]:
        raise ServiceError("permission denied")

    with monkeypatch.context() as patch:
        patch.setattr(KeyFile, "names", deny)
        assert not keys.admit(key) and keys.admit("fixed")
    # The file itself has not changed since.
    assert keys.admit(key)

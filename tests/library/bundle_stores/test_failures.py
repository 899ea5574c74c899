"""What is wrong with a store, in one sentence."""

import json
import os
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic

import boto3
import httpx
import pytest

from mlops_loop._publication import Rollout
from mlops_loop._publication import objects as objects_module
from mlops_loop._publication import open_bundle_store
from mlops_loop._publication.objects import Objects
from mlops_loop.errors import SettingsError, StoreError, StoreUnavailableError

from ..object_servers import gcs_server

Addresses = Callable[[], str]
NO_CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "",
    "AWS_SECRET_ACCESS_KEY": "",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": "nowhere",
    "AWS_SHARED_CREDENTIALS_FILE": "nowhere",
}


@pytest.fixture
def limited_key(s3_address: Addresses) -> Iterator[dict[str, str]]:
    """Environment variables of a user who may list the bucket; others may nothing."""
    iam = boto3.client("iam")
    iam.create_user(UserName="service")
    statement = {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_user_policy(UserName="service", PolicyName="list", PolicyDocument=policy)
    key = iam.create_access_key(UserName="service")["AccessKey"]
    reset = f"{os.environ['AWS_ENDPOINT_URL']}/moto-api/reset-auth"
    httpx.post(reset, content="0")
    yield {
        "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
    }
    httpx.post(reset, content="inf")


def set_environment(patch: pytest.MonkeyPatch, variables: dict[str, str]) -> None:
    for name, value in variables.items():
        patch.setenv(name, value) if value else patch.delenv(name, raising=False)


def test_permissions_and_credentials_of_s3(
    s3_address: Addresses, limited_key: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    address = s3_address()
    rejected = Objects(address)
    with pytest.raises(StoreError, match=f"^{address} rejects the credentials: renew them, "):
        rejected.find("pointer.json")
    set_environment(monkeypatch, limited_key)
    with pytest.raises(StoreError, match=f"^permission to read objects in {address} is missing"):
        rejected.find("pointer.json")  # with the new credentials
    with pytest.raises(StoreError, match="^permission to write objects in .* is missing: grant it"):
        rejected.write("pointer.json", b"{}")
    set_environment(monkeypatch, NO_CREDENTIALS)
    with pytest.raises(StoreError, match=f"^there are no credentials for {address}: give this "):
        Objects(address).find("pointer.json")


def test_a_bucket_that_does_not_exist(s3_address: Addresses, tmp_path: Path) -> None:
    s3_address()
    with gcs_server("models"):
        for address in ("s3://nobodys-models/prefix", "gs://nobodys-models/prefix"):
            store = open_bundle_store(address, tmp_path)
            sentence = f"^the bucket of {address} does not exist: create it, or correct bundle_stor"
            with pytest.raises(StoreError, match=sentence):
                store.pointer()
            with pytest.raises(StoreError, match=sentence):
                store.set_rollout("key", Rollout())


@pytest.mark.parametrize("scheme", ["s3", "gs"])
def test_a_store_that_hangs_is_given_up(scheme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(objects_module, "SHORT_SECONDS", 0.2)
    set_environment(monkeypatch, {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"})
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        set_environment(monkeypatch, {"AWS_ENDPOINT_URL": url, "STORAGE_EMULATOR_HOST": url})
        objects = Objects(f"{scheme}://models/prefix")
        for _ in range(2):
            started = monotonic()
            with pytest.raises(
                StoreUnavailableError, match="^.*://models/prefix cannot be reached: no response"
            ):
                objects.find("pointer.json")
        assert monotonic() - started < 3


def test_a_scheme_that_nothing_knows_or_whose_package_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_bundle_store("carrier-pigeon://loft", tmp_path)
    with pytest.raises(SettingsError, match="^bundle_store: unknown scheme carrier-pigeon://"):
        store.pointer()
    monkeypatch.setitem(sys.modules, "fsspec.core", None)
    for scheme, extra in (("s3", "s3"), ("gs", "gcs")):
        with pytest.raises(SettingsError, match=f"^bundle_store: .* `make add PACKAGE={extra}`$"):
            open_bundle_store(f"{scheme}://models", tmp_path).pointer()

"""A mock of AWS: its address, clients with an identity, and what is left in it."""

import re
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from botocore.session import get_session
from moto.server import ThreadedMotoServer

from .terraform import program

REGION = "eu-central-1"
ACCOUNT = "123456789012"


@contextmanager
def running_mock() -> Iterator[str]:
    """The address of a mock of AWS, in this process."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    address = f"http://{host}:{port}"
    httpx.post(f"{address}/moto-api/reset")  # servers of one process share what they hold
    yield address
    server.stop()


def environ_of(mock: str) -> dict[str, str]:
    """Environment variables of a program that is to use the mock."""
    return {
        "AWS_ENDPOINT_URL": mock,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
    }


class Client:
    """Clients of the mock with one identity."""

    def __init__(self, mock: str, *credentials: str) -> None:
        self._mock = mock
        self._session = get_session()
        self._session.set_credentials(*credentials)

    def __call__(self, service: str) -> Any:
        return self._session.create_client(service, region_name=REGION, endpoint_url=self._mock)


@contextmanager
def enforced_permissions(mock: str) -> Iterator[None]:
    """Requests are checked against the policies of who sends them."""
    _reset_auth(mock, b"0")
    try:
        yield
    finally:
        _reset_auth(mock, b"inf")


def _reset_auth(mock: str, unchecked: bytes) -> None:
    httpx.post(f"{mock}/moto-api/reset-auth", content=unchecked).raise_for_status()


def role_client(mock: str, role: str) -> "Client":
    """Clients that have assumed a role."""
    sts = Client(mock, "testing", "testing")("sts")
    arn = f"arn:aws:iam::{ACCOUNT}:role/{role}"
    keys = sts.assume_role(RoleArn=arn, RoleSessionName="test")["Credentials"]
    return Client(mock, keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])


def left_over(mock: str, listings: Iterable[tuple[str, str, str]]) -> list[Any]:
    """What is in the mock, by service, operation that lists it, and key of the list."""
    operator = Client(mock, "testing", "testing")
    found = [
        each
        for service, operation, key in listings
        for each in getattr(operator(service), operation)()[key]
    ]
    # Keys of AWS itself have aliases as well.
    return [each for each in found if not str(each).startswith("{'AliasName': 'alias/aws/")]


def checkov_exceptions(source: Path) -> list[str]:
    """The exceptions of a configuration in which checkov finds nothing else."""
    checkov = program("checkov", "`pipx install checkov`")
    command = [checkov, "-d", str(source), "--framework", "terraform", "--compact", "--quiet"]
    done = subprocess.run([*command, "--skip-download"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    return re.findall(r"checkov:skip=(.*)", "".join(p.read_text() for p in source.glob("*.tf")))

"""Settings that refer to secrets of AWS, against a mock of its API."""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.session import get_session
from botocore.stub import Stubber
from moto import mock_aws

from mlops_loop.deploy._aws_secrets import read_references
from mlops_loop.errors import ServiceError

REGION = "eu-central-1"
SETTING = "SHOP__SERVING__API_KEYS"


@pytest.fixture(autouse=True)
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    with mock_aws():
        yield


def client(service: str) -> Any:
    return get_session().create_client(service, region_name=REGION)


def new_secret(**value: Any) -> str:
    arn: str = client("secretsmanager").create_secret(Name="shop/api-keys", **value)["ARN"]
    return arn


def test_a_setting_gets_the_value_of_the_secret_it_names() -> None:
    environ = {SETTING: new_secret(SecretString='["a key"]'), "SHOP__NAME": "Shop"}
    read_references(environ)
    assert environ == {SETTING: '["a key"]', "SHOP__NAME": "Shop"}


@pytest.mark.parametrize("name", ["shop-keys", "/shop/keys"])
def test_a_setting_gets_the_value_of_the_parameter_it_names(name: str) -> None:
    client("ssm").put_parameter(Name=name, Value='["a key"]', Type="SecureString")
    environ = {SETTING: f"arn:aws:ssm:{REGION}:123456789012:parameter/{name.removeprefix('/')}"}
    read_references(environ)
    assert environ == {SETTING: '["a key"]'}


def test_other_variables_keep_the_name_of_their_secret() -> None:
    environ = {"SHOP_SECRET_ARN": new_secret(SecretString="yours to read")}
    read_references(environ)
    assert environ["SHOP_SECRET_ARN"].startswith("arn:aws:secretsmanager")


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({}, "ResourceNotFoundException.*aws secretsmanager put-secret-value"),
        ({"SecretBinary": b"x"}, "is binary: store text"),
    ],
)
def test_a_secret_without_a_text_is_named_with_the_remedy(
    value: dict[str, Any], message: str
) -> None:
    with pytest.raises(ServiceError, match=f"^{SETTING}: .*secret:shop/api-keys.*{message}"):
        read_references({SETTING: new_secret(**value)})


def test_a_parameter_that_does_not_exist_is_named_with_the_remedy() -> None:
    reference = f"arn:aws:ssm:{REGION}:123456789012:parameter/keys"
    with pytest.raises(ServiceError, match="parameter/keys.*ParameterNotFound.*create it"):
        read_references({SETTING: reference})


def test_a_role_without_the_permission_is_told_which_one() -> None:
    reference = new_secret(SecretString='["a key"]')
    denied = client("secretsmanager")
    stubber = Stubber(denied)
    stubber.add_client_error("get_secret_value", "AccessDeniedException")
    with stubber, pytest.raises(ServiceError, match="AccessDeniedException.*role to read it"):
        read_references({SETTING: reference}, lambda service, region: denied)


def test_a_store_that_cannot_be_reached_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    reference = new_secret(SecretString='["a key"]')
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(ServiceError, match="cannot reach the store.*127.0.0.1:9.*in a VPC"):
        read_references({SETTING: reference})

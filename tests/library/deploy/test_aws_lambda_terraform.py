"""The infrastructure of the Lambda function: valid, least privileges, made and removed."""

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.request import Request, urlopen

import pytest
from botocore.exceptions import ClientError
from botocore.session import get_session
from moto.server import ThreadedMotoServer

from ..places import PROJECT_PACKAGE
from .terraform import Terraform, program

pytestmark = pytest.mark.real

SOURCE = PROJECT_PACKAGE.parents[1] / "deploy/aws_lambda"
REGION = "eu-central-1"
NAME = "model-test"
# Without what the mock cannot do: subscribers of budgets, provisioned concurrency, and a lifecycle
# of a bucket, for which the provider waits a minute.
VARIABLES = {
    "name": NAME,
    "settings_prefix": "SHOP__",
    "region": REGION,
    "image_tag": "v1",
    "secret_settings": ["SERVING__API_KEYS", "PREDICTION_LOG"],
    "github_repository": "shop/model",
    "alarm_emails": ["on-call@example.com"],
    "force_destroy": True,
    "monthly_budget": 0,
    "noncurrent_days": 0,
}
# What the mock forgets; the version and its alias follow from it.
KNOWN_DIFFERENCES = {
    "aws_lambda_function.model": {"logging_config"},
    "aws_lambda_alias.live": set(),
}


@pytest.fixture(scope="module")
def mock() -> Iterator[str]:
    """Address of a mock of AWS."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(scope="module")
def configured(mock: str, tmp_path_factory: pytest.TempPathFactory) -> Terraform:
    environ = {
        "AWS_ENDPOINT_URL": mock,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
    }
    terraform = Terraform(SOURCE, tmp_path_factory.mktemp("aws") / "lambda", VARIABLES, environ)
    terraform.init()
    return terraform


@pytest.fixture(scope="module")
def applied(configured: Terraform) -> Iterator[Terraform]:
    configured.run("apply", "-auto-approve", "-input=false", "-no-color")
    yield configured


def test_it_is_formatted_and_valid(configured: Terraform) -> None:
    configured.run("fmt", "-check", "-diff", *map(str, SOURCE.glob("*.tf")))
    configured.run("validate", "-no-color")


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("image_tag", "latest", "the tag of one image"),
        ("name", "My Model", "lower-case letters"),
        ("settings_prefix", "shop", "two underscores"),
        ("timeout", "60", "from 3 to 29"),
        ("memory", "64", "from 128 to 10240"),
        ("github_repository", "model", "owner/name"),
    ],
)
def test_a_wrong_value_is_refused_with_a_sentence(
    configured: Terraform, name: str, value: str, message: str
) -> None:
    with pytest.raises(AssertionError, match=message):
        configured.run("plan", f"-var={name}={value}", "-input=false", "-no-color")


def test_checkov_finds_nothing_that_is_not_accepted_with_a_date(configured: Terraform) -> None:
    checkov = program("checkov", "`pipx install checkov`")
    command = [checkov, "-d", str(SOURCE), "--framework", "terraform", "--compact", "--quiet"]
    done = subprocess.run([*command, "--skip-download"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    accepted = re.findall(r"checkov:skip=(.*)", "".join(p.read_text() for p in SOURCE.glob("*.tf")))
    assert accepted
    assert [
        each for each in accepted if not re.match(r"CKV2?_\w+: 20\d\d-\d\d-\d\d: \w", each)
    ] == []


def test_a_second_apply_changes_nothing_but_what_the_mock_forgets(applied: Terraform) -> None:
    found = {address: set(changes) for address, changes in applied.differences().items()}
    computed = {"version", "qualified_arn", "qualified_invoke_arn", "function_version"}
    assert {address: names - computed for address, names in found.items()} == KNOWN_DIFFERENCES


def test_the_state_holds_no_secret(applied: Terraform) -> None:
    secrets = applied.outputs()["secrets"]
    assert set(secrets) == {"SERVING__API_KEYS", "PREDICTION_LOG"}
    assert "aws_secretsmanager_secret_version" not in applied.run("state", "list")
    settings = applied.run("state", "show", "-no-color", "aws_lambda_function.model")
    for name, arn in secrets.items():
        assert re.search(rf'"SHOP__{name}" += "{arn}"', settings)


def test_the_role_reads_its_own_secrets_only(applied: Terraform, mock: str) -> None:
    # Not tried as the models below: the mock knows no resource of requests but for S3.
    iam = Client(mock, "testing", "testing")("iam")
    policy = iam.get_role_policy(RoleName=f"{NAME}-function", PolicyName="function")
    allowed = {each["Sid"]: each for each in policy["PolicyDocument"]["Statement"]}
    secrets = allowed["ReadItsSecrets"]
    assert secrets["Action"] == "secretsmanager:GetSecretValue"
    assert set(secrets["Resource"]) == set(applied.outputs()["secrets"].values())
    assert not [each for each in allowed.values() if "*" in (each["Action"], each["Resource"])]


def test_the_role_reads_models_and_may_do_no_more(applied: Terraform, mock: str) -> None:
    operator = Client(mock, "testing", "testing")
    bucket = applied.outputs()["bundle_store"].split("/")[2]
    pointer = {"Bucket": bucket, "Key": "bundles/pointer.json"}
    with pytest.raises(ClientError, match="Forbidden"):  # without TLS
        operator("s3").put_object(**pointer, Body=b"{}")
    operator("s3").delete_bucket_policy(Bucket=bucket)
    operator("s3").put_object(**pointer, Body=b"{}")
    role = f"arn:aws:iam::123456789012:role/{NAME}-function"
    keys = operator("sts").assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
    function = Client(mock, keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
    with enforced_permissions(mock):
        assert function("s3").get_object(**pointer)["Body"].read() == b"{}"
        for forbidden in (
            lambda: function("s3").put_object(**pointer, Body=b"{}"),
            lambda: function("s3").get_object(Bucket=bucket, Key="elsewhere"),
            lambda: function("lambda").list_functions(),
            lambda: function("iam").list_roles(),
        ):
            with pytest.raises(ClientError) as refused:
                forbidden()
            assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


def test_destroy_leaves_nothing(applied: Terraform, mock: str) -> None:
    applied.run("destroy", "-auto-approve", "-input=false", "-no-color")
    assert applied.run("state", "list") == ""
    operator = Client(mock, "testing", "testing")
    for service, operation, key in (
        ("lambda", "list_functions", "Functions"),
        ("ecr", "describe_repositories", "repositories"),
        ("s3", "list_buckets", "Buckets"),
        ("secretsmanager", "list_secrets", "SecretList"),
        ("iam", "list_roles", "Roles"),
        ("logs", "describe_log_groups", "logGroups"),
        ("apigatewayv2", "get_apis", "Items"),
        ("cloudwatch", "describe_alarms", "MetricAlarms"),
        ("sns", "list_topics", "Topics"),
        ("kms", "list_aliases", "Aliases"),
    ):
        left = getattr(operator(service), operation)()[key]
        # Keys of AWS itself have aliases as well.
        assert [
            each for each in left if not str(each).startswith("{'AliasName': 'alias/aws/")
        ] == []


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
    request = Request(f"{mock}/moto-api/reset-auth", unchecked, {"Content-Type": "text/plain"})
    urlopen(request).close()

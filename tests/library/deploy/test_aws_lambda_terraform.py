"""The infrastructure of the Lambda function: valid, least privileges, made and removed."""

import re
from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError

from ..places import PROJECT_PACKAGE
from .aws_mock import (
    REGION,
    Client,
    checkov_exceptions,
    enforced_permissions,
    environ_of,
    left_over,
    role_client,
    running_mock,
)
from .terraform import Terraform

pytestmark = pytest.mark.real

SOURCE = PROJECT_PACKAGE.parents[1] / "deploy/aws_lambda"
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
    with running_mock() as address:
        yield address


@pytest.fixture(scope="module")
def configured(mock: str, tmp_path_factory: pytest.TempPathFactory) -> Terraform:
    folder = tmp_path_factory.mktemp("aws") / "lambda"
    terraform = Terraform(SOURCE, folder, VARIABLES, environ_of(mock))
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
    accepted = checkov_exceptions(SOURCE)
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
    function = role_client(mock, f"{NAME}-function")
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
    listings = (
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
    )
    assert left_over(mock, listings) == []

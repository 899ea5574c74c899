"""The infrastructure of the SageMaker endpoint: valid, least privileges, made and removed."""

import json
import re
from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError
from moto.applicationautoscaling.responses import ApplicationAutoScalingResponse

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

SOURCE = PROJECT_PACKAGE.parents[1] / "deploy/aws_sagemaker"
NAME = "model-test"
# Without what the mock cannot do: subscribers of budgets, and a lifecycle of a bucket, for which
# the provider waits a minute.
VARIABLES = {
    "name": NAME,
    "settings_prefix": "SHOP__",
    "region": REGION,
    "variants": {
        "live": {"image_tag": "v1", "model": "1/model.tar.gz", "weight": 9},
        "next": {"image_tag": "v2", "model": "2/model.tar.gz", "weight": 1},
    },
    "secret_settings": ["PREDICTION_LOG"],
    "capture_percent": 10,
    "subnets": ["subnet-1"],
    "security_groups": ["sg-1"],
    "github_repository": "shop/model",
    "alarm_emails": ["on-call@example.com"],
    "force_destroy": True,
    "monthly_budget": 0,
    "noncurrent_days": 0,
}
# What the mock forgets: tags, and how an endpoint is updated.
KNOWN_DIFFERENCES = {
    'aws_appautoscaling_target.variant["live"]': {"tags_all"},
    'aws_appautoscaling_target.variant["next"]': {"tags_all"},
    "aws_sagemaker_endpoint.model[0]": {"deployment_config", "tags"},
}


@pytest.fixture(scope="module")
def mock() -> Iterator[str]:
    """Address of a mock of AWS, which answers that nothing that scales has tags."""
    with pytest.MonkeyPatch.context() as patch, running_mock() as address:
        patch.setattr(
            ApplicationAutoScalingResponse,
            "list_tags_for_resource",
            lambda response: json.dumps({"Tags": {}}),
            raising=False,
        )
        yield address


@pytest.fixture(scope="module")
def configured(mock: str, tmp_path_factory: pytest.TempPathFactory) -> Terraform:
    folder = tmp_path_factory.mktemp("aws") / "sagemaker"
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
        ("variants", '{live={image_tag="latest"}}', "the tag of one image"),
        ("variants", '{Live={image_tag="v1"}}', "lower-case letters"),
        ("variants", '{live={image_tag="v1",weight=0.5}}', "whole numbers for weights"),
        ("variants", '{live={image_tag="v1",max_instances=0}}', "at least 1 for min_instances"),
        ("name", "My Model", "lower-case letters"),
        ("settings_prefix", "shop", "two underscores"),
        ("github_repository", "model", "owner/name"),
    ],
)
def test_a_wrong_value_is_refused_with_a_sentence(
    configured: Terraform, name: str, value: str, message: str
) -> None:
    with pytest.raises(AssertionError, match=message):
        configured.run("plan", f"-var={name}={value}", "-input=false", "-no-color")


def test_checkov_finds_nothing_that_is_not_accepted_with_a_date() -> None:
    accepted = checkov_exceptions(SOURCE)
    assert accepted
    assert [
        each for each in accepted if not re.match(r"CKV2?_\w+: 20\d\d-\d\d-\d\d: \w", each)
    ] == []


def test_a_second_apply_changes_nothing_but_what_the_mock_forgets(applied: Terraform) -> None:
    found = {address: set(changes) for address, changes in applied.differences().items()}
    assert found == KNOWN_DIFFERENCES


def test_the_endpoint_splits_requests_between_its_variants(applied: Terraform, mock: str) -> None:
    sagemaker = Client(mock, "testing", "testing")("sagemaker")
    assert applied.outputs()["endpoint"] == NAME
    endpoint = sagemaker.describe_endpoint(EndpointName=NAME)
    config = sagemaker.describe_endpoint_config(EndpointConfigName=endpoint["EndpointConfigName"])
    weights = {
        each["VariantName"]: each["InitialVariantWeight"] for each in config["ProductionVariants"]
    }
    assert weights == {"live": 9, "next": 1}
    model = sagemaker.describe_model(ModelName=applied.outputs()["models"]["live"])
    container, bucket = model["PrimaryContainer"], applied.outputs()["bucket"]
    assert container["ModelDataUrl"] == f"s3://{bucket}/models/1/model.tar.gz"
    assert container["Image"].endswith(f"{NAME}:v1")


def test_the_state_holds_no_secret(applied: Terraform) -> None:
    (arn,) = applied.outputs()["secrets"].values()
    assert "aws_secretsmanager_secret_version" not in applied.run("state", "list")
    model = applied.run("state", "show", "-no-color", 'aws_sagemaker_model.variant["live"]')
    assert re.search(rf'"SHOP__PREDICTION_LOG" += "{arn}"', model)


@pytest.mark.parametrize(
    ("role", "reads", "writes", "not_read"),
    [
        ("endpoint", "models/1/model.tar.gz", "captured/1", "data/rows.csv"),
        ("training", "data/rows.csv", "models/2/model.tar.gz", "captured/1"),
    ],
)
def test_a_role_reads_and_writes_its_own_objects(
    applied: Terraform, mock: str, role: str, reads: str, writes: str, not_read: str
) -> None:
    operator = Client(mock, "testing", "testing")("s3")
    bucket = applied.outputs()["bucket"]
    operator.delete_bucket_policy(Bucket=bucket)  # the mock is asked without TLS
    for key in (reads, not_read):
        operator.put_object(Bucket=bucket, Key=key, Body=b"rows")
    client = role_client(mock, f"{NAME}-{role}")
    with enforced_permissions(mock):
        client("s3").get_object(Bucket=bucket, Key=reads)
        client("s3").put_object(Bucket=bucket, Key=writes, Body=b"x")
        for forbidden in (
            lambda: client("s3").get_object(Bucket=bucket, Key=not_read),
            lambda: client("s3").put_object(Bucket=bucket, Key=reads, Body=b"x"),
            lambda: client("iam").list_roles(),
            lambda: client("sagemaker").list_endpoints(),
        ):
            with pytest.raises(ClientError) as refused:
                forbidden()
            assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] in (400, 403)


def test_destroy_leaves_nothing(applied: Terraform, mock: str) -> None:
    applied.run("destroy", "-auto-approve", "-input=false", "-no-color")
    assert applied.run("state", "list") == ""
    listings = (
        ("sagemaker", "list_endpoints", "Endpoints"),
        ("sagemaker", "list_endpoint_configs", "EndpointConfigs"),
        ("sagemaker", "list_models", "Models"),
        ("ecr", "describe_repositories", "repositories"),
        ("s3", "list_buckets", "Buckets"),
        ("secretsmanager", "list_secrets", "SecretList"),
        ("iam", "list_roles", "Roles"),
        ("logs", "describe_log_groups", "logGroups"),
        ("cloudwatch", "describe_alarms", "MetricAlarms"),
        ("sns", "list_topics", "Topics"),
        ("kms", "list_aliases", "Aliases"),
    )
    assert left_over(mock, listings) == []

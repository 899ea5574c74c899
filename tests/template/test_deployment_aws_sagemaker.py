"""The images for SageMaker, run by a container engine with the arguments `serve` and `train`."""

import csv
import io
from collections.abc import Mapping
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
import targets
from deployment import aws_sagemaker, docker
from deployment.project import answers_for, trained

KEY = "k-" + "0123456789abcdef" * 2


@pytest.mark.real
@pytest.mark.parametrize("framework", targets.FRAMEWORKS)
def test_the_image_serves(framework: str, tmp_path: Path) -> None:
    result = targets.prove("aws_sagemaker", framework, tmp_path)
    assert result.passed, result.message()


@pytest.mark.real
def test_a_training_job_leaves_what_an_endpoint_serves(tmp_path: Path) -> None:
    opt_ml = tmp_path / "ml"
    with trained(tmp_path / "project", answers_for("aws_sagemaker")) as project:
        image, folds = aws_sagemaker.build_training(project), {"training.folds": "2"}
        hyperparameters = {**folds, "gate.max_size": "1"}
        assert aws_sagemaker.train(image, project, tmp_path / "rejected", hyperparameters) == 3
        assert "Rejected by" in (tmp_path / "rejected/output/failure").read_text()
        assert not (tmp_path / "rejected/model/pointer.json").exists()
        assert aws_sagemaker.train(image, project, opt_ml, folds) == 0
        with aws_sagemaker.serving(docker.build(project), project.settings(KEY), opt_ml) as url:
            predicted = list(csv.reader(io.StringIO(_invoke(url, project.example()))))
    assert [row[2] for row in predicted] == ["1", "1"]


def _invoke(url: str, row: Mapping[str, object]) -> str:
    """The answer to a row that is sent twice."""
    body = io.StringIO()
    csv.writer(body, lineterminator="\n").writerows([row.values()] * 2)
    request = Request(
        f"{url}/invocations", body.getvalue().encode(), headers={"Content-Type": "text/csv"}
    )
    with urlopen(request, timeout=30) as response:
        return str(response.read().decode())

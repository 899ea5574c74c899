"""The service that the loop starts for itself when it plays the year."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from mlops_loop._settings import load_settings
from mlops_loop.contract._json_schema import example_row
from mlops_loop.loop._service import running_service
from mlops_loop.serving._key_file import KeyFile

from ..projects import ENV_PREFIX, project_in


def test_it_answers_the_loop_where_the_project_wants_keys(
    project_publisher: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"{ENV_PREFIX}PREDICTION_LOG", "sqlite:///var/predictions.db")
    settings = load_settings(tmp_path)
    KeyFile(settings.path(settings.serving.key_file)).create("shop", datetime.now(UTC))
    project_publisher.publish("1")
    project_publisher.point("1")
    with running_service(project_in(tmp_path)) as client:
        (answer,) = client.predict([dict(example_row(settings.contract()))])
    assert answer["model_version"] == "1"

"""Run rendered services on their deployment targets, and ask each by the HTTP contract suite.

The results go to docs/targets.md; rows of targets that are not run stay as they are. Exit code 3:
a service did not start or stop as it should, or did not pass the suite.
"""

import argparse
import secrets
import sys
import tempfile
from datetime import UTC, datetime
from itertools import product
from pathlib import Path

from deployment import (
    aws_lambda,
    aws_sagemaker,
    docker,
    google_app_engine,
    google_cloud_function,
    google_cloud_run,
    heroku,
    kubernetes,
    suite,
)
from deployment.project import answers_for, trained
from deployment.results import Result, write

import toolbox
from behaviour import StepFailedError

RESULTS = toolbox.ROOT / "docs" / "targets.md"
FRAMEWORKS = ("fastapi", "flask")
TARGETS = {
    "aws_lambda": aws_lambda.started,
    "aws_sagemaker": aws_sagemaker.started,
    "docker": docker.started,
    "google_app_engine": google_app_engine.started,
    "google_cloud_function": google_cloud_function.started,
    "google_cloud_run": google_cloud_run.started,
    "heroku": heroku.started,
    "kubernetes": kubernetes.started,
}


def prove(target: str, framework: str, folder: Path) -> Result:
    """Render, install and train a project, run it on a target, and ask it."""
    key, today = secrets.token_urlsafe(), datetime.now(UTC).date()
    try:
        with trained(folder, answers_for(target, framework)) as project:
            with TARGETS[target](project, key) as url:
                return Result(target, framework, today, suite.ask(project, url, key))
    except StepFailedError as error:
        return Result(target, framework, today, error=str(error))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--target", nargs="+", choices=list(TARGETS), default=list(TARGETS))
    parser.add_argument("--framework", nargs="+", choices=FRAMEWORKS, default=FRAMEWORKS)
    arguments = parser.parse_args()
    all_passed = True
    for target, framework in product(arguments.target, arguments.framework):
        with tempfile.TemporaryDirectory(prefix="target-", ignore_cleanup_errors=True) as folder:
            result = prove(target, framework, Path(folder))
        print(result.message(), flush=True)
        write(RESULTS, result)
        all_passed &= result.passed
    return 0 if all_passed else 3


if __name__ == "__main__":
    sys.exit(main())

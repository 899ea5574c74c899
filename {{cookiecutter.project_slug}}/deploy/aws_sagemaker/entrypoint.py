"""The program of the container: SageMaker starts it with the argument `serve` or `train`."""

import sys

from mlops_loop.deploy.aws_sagemaker import run_container

from {{ cookiecutter.package_name }}.cli import load

if __name__ == "__main__":
    sys.exit(run_container(load))

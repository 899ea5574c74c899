"""Modules of the library that one durable prediction passes, and one training.

A module counts if one of its functions is called; its import alone does not. Takes a project, and
works in a copy of it; run it with an interpreter that has the project and the extra `testing`.
"""

import argparse
import logging
import sys
import tempfile
import threading
from importlib import import_module
from inspect import CO_OPTIMIZED
from pathlib import Path
from typing import Any

from common import package

_PREDICTIONS = 5


class Modules:
    """Collects the modules of the library whose functions are called, in any thread."""

    def __init__(self) -> None:
        self._called: set[str] = set()

    def start(self) -> None:
        threading.setprofile(self._on_event)
        sys.setprofile(self._on_event)

    def stop(self) -> None:
        threading.setprofile(None)
        sys.setprofile(None)

    def take(self) -> set[str]:
        """The modules since the last call."""
        called, self._called = self._called, set()
        return called

    def _on_event(self, frame: Any, event: str, argument: object) -> None:
        # Bodies of modules and classes have no flag for fast locals.
        if event == "call" and frame.f_code.co_flags & CO_OPTIMIZED:
            name = frame.f_globals.get("__name__")
            if name and name.startswith("mlops_loop."):
                self._called.add(name)


def _predict(application: Any, service: Any, trained: Any, modules: Modules) -> set[str]:
    """The modules that each of some predictions passes; others belong to what runs beside them."""
    from mlops_loop.testing import application_client

    row, found = trained.rows[0], []
    with application_client(application, service, trained.project) as client:
        for _ in range(_PREDICTIONS + 1):
            modules.take()
            response = client.post("/predict", json=row)
            response.raise_for_status()
            found.append(modules.take())
        return set.intersection(*found[1:])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("project", type=Path)
    parser.add_argument("--names", action="store_true", help="list the modules")
    options = parser.parse_args()
    root = options.project.resolve()
    sys.path.insert(0, str(root / "src"))
    name = package(root)
    project = import_module(f"{name}.project").project
    pipeline = import_module(f"{name}.pipeline").PIPELINE
    modules = Modules()
    modules.start()
    from mlops_loop._logs import configure_logs
    from mlops_loop.testing import trained_project

    configure_logs(logging.ERROR)
    with tempfile.TemporaryDirectory() as folder:
        trained = trained_project(project, Path(folder) / "project", pipeline)
        modules.take()
        pipeline.train(trained.project, trained.snapshot)
        training = modules.take()
        app = import_module(f"{name}.app")
        prediction = _predict(app.app, app.service, trained, modules)
        modules.stop()
    for kind, called in (("prediction", prediction), ("training", training)):
        print(f"one {kind} passes {len(called)} modules")
        if options.names:
            print(*(f"  {each}" for each in sorted(called)), sep="\n")


if __name__ == "__main__":
    main()

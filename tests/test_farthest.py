"""The variant that shares no answer with the default one: installed, checked, and its loop played.

With the default variant, each model library, style tool and answer about CI is thus run once.
"""

import json

from conftest import Bake
from test_installed import attempt, free_port, run, started

from variants import options

# Each needs an interpreter of its own; the matrix of CI has them, and the lock is proven for all.
NOT_RUN_HERE = "python_version"


def test_the_variant_with_all_the_other_answers_works(bake: Bake, tools: dict[str, str]) -> None:
    answers = {name: found[-1] for name, found in options().items() if name != NOT_RUN_HERE}
    project = bake(**answers)
    run("make install", project, tools)
    assert "All set!" in run("poetry check --lock", project, tools)
    run("make check", project, tools)
    port = free_port()
    env = {**tools, "MY_ML_PROJECT__PREDICTION_LOG": f"redis://127.0.0.1:{port}/0"}
    refused = attempt("make loop", project, env)
    assert refused.returncode != 0 and "`make store`" in refused.stderr
    with started(f'make store ARGS="--port {port}"', project, tools):
        run("make loop", project, env)
        status = json.loads(run(".venv/bin/python -m my_ml_project status --json", project, env))
    assert status["champion"]["metrics"] and status["log"]["predictions"]

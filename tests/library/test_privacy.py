"""What the project computes is told to nobody."""

import os
import subprocess
import sys
from pathlib import Path

PREDICT = """
from onnx import TensorProto, helper

from mlops_loop._model_session import OnnxSession

ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [None, 1]) for name in "ab"]
graph = helper.make_graph([helper.make_node("Identity", ["a"], ["b"])], "same", ends[:1], ends[1:])
opset = helper.make_opsetid("", 17)
model = helper.make_model(graph, opset_imports=[opset], ir_version=8)
OnnxSession(model.SerializeToString())
"""


def test_a_model_is_loaded_without_an_identifier_for_its_maker(tmp_path: Path) -> None:
    # ONNX Runtime keeps quiet by itself where it believes to run in CI.
    hushing = ("CI", "GITHUB_ACTIONS", "ORT_DISABLE_TELEMETRY", "XDG_CACHE_HOME", "XDG_DATA_HOME")
    env = {name: value for name, value in os.environ.items() if name not in hushing}
    code = [sys.executable, "-c", PREDICT]
    subprocess.run(code, env={**env, "HOME": str(tmp_path)}, check=True)
    assert sorted(tmp_path.rglob("*")) == []


def test_onnx_runtime_is_not_imported_before_a_session_is_opened() -> None:
    # Whatever imports the library, the telemetry is off by then: see the test above.
    code = (
        "import sys\n"
        "import mlops_loop.serving.fastapi, mlops_loop.serving.flask, mlops_loop._scoring.run\n"
        "import mlops_loop.registry._pyfunc_loader, mlops_loop._training.export\n"
        "assert 'mlops_loop._predictor' in sys.modules\n"
        "assert 'onnxruntime' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_importing_the_library_sets_no_environment_variable() -> None:
    code = (
        "import os; before = dict(os.environ)\n"
        "import mlops_loop.cli, mlops_loop._training, mlops_loop.registry, mlops_loop.monitoring\n"
        "import mlops_loop.serving.fastapi, mlops_loop.serving.flask, mlops_loop._predictor\n"
        "assert dict(os.environ) == before"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_command_opts_out_of_telemetry_unless_the_environment_says_otherwise(
    tmp_path: Path,
) -> None:
    code = (
        "import os; from flights.cli import cli\n"
        f"cli(['--root', {str(tmp_path)!r}, 'doctor', '--help'], standalone_mode=False)\n"
        "print(os.environ['MLFLOW_DISABLE_TELEMETRY'], os.environ['DO_NOT_TRACK'])"
    )
    env = {name: value for name, value in os.environ.items() if name != "MLFLOW_DISABLE_TELEMETRY"}
    env["DO_NOT_TRACK"] = "0"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=env, check=True, capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "1 0"

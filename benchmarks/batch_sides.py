"""What `batch.py` runs with the interpreter of a project, and from its folder: models and sides.

Both models are histogram trees of scikit-learn in their default size, fitted on the project's
snapshot: one as a bundle, on the matrix of the champion's encoder; the other as people log it with
MLflow, a pipeline on a frame. The pipeline leaves out columns of other types than numbers and
categories, and so has less to do.
"""

import argparse
import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

SEED = 1
ROWS_AT_ONCE = 1_000_000
MATRIX_ROWS = 50_000
BUNDLES, PIPELINE, MATRIX = "bundles", "pipeline", "matrix.npy"


def cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def prepare(folder: Path, rows: list[int]) -> None:
    """Both models, an input for each number of rows, and the last one's first rows encoded."""
    from my_ml_project.project import project

    from mlops_loop.contract._arrow import from_arrow
    from mlops_loop.data._snapshot import latest_snapshot
    from mlops_loop.data._sources.file import read_batches

    contract = project.contract
    table = latest_snapshot(project.paths.snapshots).table()
    encode = trees_bundle(project, table, folder)
    _pipeline(contract, table, folder)
    for number in rows:
        input_rows(contract, table, folder / f"{number}.parquet", number)
    large = folder / f"{rows[-1]}.parquet"
    # The very rows that are scored: in the snapshot's order, by time, they go through trees faster.
    tables = read_batches([large], None, MATRIX_ROWS)
    first = next(one for one in tables if one.num_rows)
    np.save(folder / MATRIX, encode(from_arrow(contract, first)))


def _trees(contract: Any) -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    regression = contract.problem == "regression"
    kind = HistGradientBoostingRegressor if regression else HistGradientBoostingClassifier
    return kind(early_stopping=False, random_state=SEED)


def trees_bundle(project: Any, table: Any, folder: Path) -> Callable[[Any], Any]:
    """The champion's bundle with other trees in it, in a store of its own; what encodes for it."""
    from mlops_loop._bundle import read_bundle, write_bundle
    from mlops_loop._publication import Rollout, open_bundle_store
    from mlops_loop._training.onnx_export import export
    from mlops_loop.contract._arrow import from_arrow
    from mlops_loop.evaluation._target import encode_target
    from mlops_loop.models import Candidate

    contract = project.contract
    champion = read_bundle(project.bundles.fetch(project.published().champion))

    def encode(columns: Any) -> Any:
        return champion.encoder.encode(project.features.apply(columns))

    columns = from_arrow(contract, table)
    matrix = encode(columns)
    estimator = _trees(contract).fit(matrix, encode_target(contract, columns))
    candidate = Candidate("trees", lambda task, parameters: estimator)
    model = export(candidate, estimator, matrix.shape[1])
    content = {name: champion.read(name) for name in champion.manifest.files}
    own = folder / "bundle" / champion.manifest.version
    made = write_bundle(own, champion.manifest, {**content, "model.onnx": model})
    published = open_bundle_store(str(folder / BUNDLES), folder)
    published.publish(made)
    published.set_rollout(project.rollout_key, Rollout(champion=made.manifest.version))
    return encode


def _pipeline(contract: Any, table: Any, folder: Path) -> None:
    import mlflow
    from sklearn.compose import make_column_transformer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OrdinalEncoder

    frame = table.to_pandas()
    names = _names(contract)
    words = [one.name for one in contract.features if one.type == "category"]
    encoder = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    steps = make_column_transformer((encoder, words), remainder="passthrough")
    pipeline = make_pipeline(steps, _trees(contract))
    pipeline.fit(frame[names], frame[contract.target.name])
    mlflow.sklearn.save_model(
        pipeline,
        folder / PIPELINE,
        serialization_format="cloudpickle",
        pip_requirements=["scikit-learn"],
        pyfunc_predict_fn="predict_proba" if contract.classes else "predict",
    )
    (folder / "names.json").write_text(json.dumps(names))


def _names(contract: Any) -> list[str]:
    kinds = ("number", "integer", "boolean", "category")
    return [one.name for one in contract.features if one.type in kinds]


def input_rows(contract: Any, table: Any, path: Path, number: int) -> None:
    """Rows drawn from the snapshot, each with an id of its own."""
    import pyarrow as pa
    import pyarrow.parquet

    table = table.drop_columns([contract.target.name])
    generator = np.random.default_rng(SEED)
    with pa.parquet.ParquetWriter(path, table.schema) as writer:
        for start in range(0, number, ROWS_AT_ONCE):
            count = min(ROWS_AT_ONCE, number - start)
            part = table.take(pa.array(generator.integers(0, table.num_rows, count)))
            if contract.id is not None:
                at = part.column_names.index(contract.id.name)
                ids = pa.array(np.arange(start, start + count))
                part = part.set_column(at, table.schema.field(at), ids.cast(table.schema.types[at]))
            writer.write_table(part)


def mlflow_side(folder: Path, source: Path, target: Path) -> None:
    """What people write: read the frame, predict, write the frame."""
    import mlflow
    import pandas as pd

    model = mlflow.pyfunc.load_model(str(folder / PIPELINE))
    names = json.loads((folder / "names.json").read_text())
    frame = pd.read_parquet(source)
    answers = np.asarray(model.predict(frame[names]))
    others = [name for name in frame.columns if name not in names]
    columns = {
        f"prediction_{at}": column for at, column in enumerate(answers.reshape(len(frame), -1).T)
    }
    frame[others].assign(**columns).to_parquet(target)


def raw_side(folder: Path, rows: int) -> None:
    """The session alone, on an array that is there already; its seconds of clock and processor."""
    from mlops_loop._model_session import OnnxSession

    bundles = sorted((folder / BUNDLES).glob("*/model.onnx"))
    session = OnnxSession(bundles[0].read_bytes())
    matrix = np.load(folder / MATRIX)
    session.run(matrix)
    began, used, done = time.perf_counter(), cpu_seconds(), 0
    while done < rows:
        session.run(matrix[: rows - done])
        done += len(matrix)
    found = {"seconds": time.perf_counter() - began, "cpu_seconds": cpu_seconds() - used}
    print(json.dumps(found))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("side", choices=["prepare", "mlflow", "raw"])
    parser.add_argument("folder", type=Path)
    parser.add_argument("rest", nargs="*")
    given = parser.parse_args()
    if given.side == "prepare":
        prepare(given.folder, [int(number) for number in given.rest])
    elif given.side == "mlflow":
        mlflow_side(given.folder, *map(Path, given.rest))
    else:
        raw_side(given.folder, int(given.rest[0]))
    return 0


if __name__ == "__main__":
    sys.exit(main())

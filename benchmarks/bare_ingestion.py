"""The other side of `ingestion.py`: read a file, validate it with pandera, write it.

Arguments: the file, where to write. The reader is Arrow's, which is the fastest one
that pandas offers; the schema is the contract's, with the checks that reject and those that warn.
"""

import sys
from pathlib import Path


def main(source: Path, target: Path) -> None:
    import pandas as pd
    from my_ml_project.project import project
    from pandera import errors

    from mlops_loop.contract._arrow import arrow_schema
    from mlops_loop.contract._pandera_schema import pandera_schema

    schema = pandera_schema(project.contract, actions=("reject", "warn"))
    types = arrow_schema(project.contract)
    wanted = {field.name: pd.ArrowDtype(field.type) for field in types}
    if source.suffix == ".parquet":
        frame = pd.read_parquet(source, columns=list(wanted), dtype_backend="pyarrow")
    else:
        frame = pd.read_csv(source, engine="pyarrow", dtype_backend="pyarrow")[list(wanted)]
    frame = frame.astype(wanted)
    try:
        schema.validate(frame, lazy=True)
    except errors.SchemaErrors as found:
        print(len(found.failure_cases), "violations")
    frame.to_parquet(target, compression="zstd")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))

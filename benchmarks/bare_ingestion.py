"""The other side of `ingestion.py`: read a file, validate it with pandera, write it.

Arguments: the package, the file, where to write. The reader is Arrow's, which is the fastest one
that pandas offers; the schema is the contract's, with the checks that refuse and those that warn.
"""

import importlib
import sys
from pathlib import Path


def main(package: str, source: Path, target: Path) -> None:
    import pandas as pd
    from pandera import errors

    contract = importlib.import_module(f"{package}.settings").load_settings(None).contract()
    types = importlib.import_module(f"{package}.contract.arrow").arrow_schema(contract)
    module = importlib.import_module(f"{package}.contract.pandera_schema")
    schema = module.pandera_schema(contract, actions=("refuse", "warn"))
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
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))

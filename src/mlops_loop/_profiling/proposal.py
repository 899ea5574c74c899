"""Infers a contract and settings from a table, without writing anything."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from .._settings import Csv, Settings
from .._work_folder import work_folder
from ..contract._arrow import from_arrow, table_columns
from ..contract._casting import read_table
from ..contract._column_definition import Categories, Column, ParseOptions
from ..contract._columns import Columns, missing, to_json
from ..contract._contract_file import parse_contract
from ..contract._model import Contract, Problem
from ..contract._outputs import PREDICTION
from ..engines import open_engine
from ..errors import InputError
from .contract_file import contract_text
from .datetime_formats import READ_FORMATS
from .hints import Hint
from .options import InferenceOptions
from .part_counts import profile_parts
from .profile import Profile, profile
from .roles import InferredColumn, infer_column, read_strays
from .sampling import Sampled, sample
from .settings_suggestions import SampledTable, Suggestions, suggest_settings, usable
from .table import Table
from .table_opening import open_table
from .table_parts import Workspace
from .target import decide_classes, infer_problem, require_variety
from .target_leakage import find_leaks
from .types import InferredType, infer_type
from .warnings import warn

# Data over less time has no label horizon, because the gap would leave too few rows.
_SHORT = timedelta(days=10)
_NO_TIME = timedelta(0)
_MAX_PASSES = 3


@dataclass(frozen=True)
class Proposal:
    """The files that `adopt` would write, and the reasons.

    Attributes:
        contract: the inferred contract, with its text.
        columns: every column with its facts and remarks, in the order of the table.
        settings: new values of settings, and the arithmetic behind them.
        warnings: sentences about the whole table.
    """

    table: Table
    rows: int
    contract: Contract
    columns: tuple[InferredColumn, ...]
    settings: Suggestions
    warnings: tuple[str, ...]


def propose(
    request: InferenceOptions, root: Path, settings: Settings, known: Mapping[str, Column]
) -> Proposal:
    """Infer the contract and settings from all rows of a table.

    With an engine, files are read and counted by its workers.

    Args:
        request: the table and the options of the user.
        root: the project's root.
        settings: the current settings.
        known: columns of the current contract; their descriptions and units are preserved.

    Raises:
        InputError: if the table cannot be read, or no model can be trained on it.
    """
    limit = settings.ingestion.max_bad_share
    with _workspace(settings) as workspace:
        table = open_table(request.address, root, request.query, request.dialect, limit, workspace)
        return _Adoption(request, table, known, workspace).propose(settings)


@contextmanager
def _workspace(settings: Settings) -> Iterator[Workspace | None]:
    """Workers and a folder below `var/` that they share; None if the engine is this process."""
    if settings.engine == "local":
        yield None
        return
    with (
        work_folder(settings.paths.var, "adopt-") as folder,
        open_engine(settings.engine) as engine,
    ):
        yield Workspace(engine, folder)


class _Adoption:
    def __init__(
        self,
        request: InferenceOptions,
        table: Table,
        known: Mapping[str, Column],
        workspace: Workspace | None,
    ) -> None:
        self.request = request
        self.table = table
        self.workspace = workspace
        self.known = known
        self.given = request.roles(table.names)
        for name, role in self.given.items():
            if role != "ignore" and name in table.lacking:
                raise InputError(
                    f"{table.lacking[name]}: correct the file, e.g. add the names of its columns, "
                    f"or adopt others with a glob; each row needs its {role}"
                )
        self.missing_words = request.missing_words(table.names)
        self.sampled: Sampled = sample(table)
        if not self.sampled.rows:
            raise InputError(f"{request.address} has no rows")
        (self.target,) = (name for name, role in self.given.items() if role == "target")
        self.problem: Problem = "binary"

    def propose(self, settings: Settings) -> Proposal:
        types, counted = self._counted()
        columns = [self._infer_column(name, types[name], counted) for name in self.table.names]
        self._require_features(columns)
        columns = [self._completed(inferred) for inferred in columns]
        contract, sampled_table = self._contract(columns, counted)
        suggestions = suggest_settings(settings, contract, self.table, sampled_table)
        leaks = find_leaks(contract, sampled_table.columns)
        columns = [_with_leak(inferred, leaks.get(inferred.column.name)) for inferred in columns]
        contract = self._written(contract, columns, counted.rows)
        facts = {inferred.column.name: inferred.facts for inferred in columns}
        doubts = (*self.table.warnings(), *suggestions.warnings)
        warnings = (*warn(contract, counted, facts, self.table), *doubts)
        return Proposal(self.table, counted.rows, contract, tuple(columns), suggestions, warnings)

    def _counted(self) -> tuple[dict[str, InferredType], Profile]:
        """Types, and facts of all rows; a type that later rows contradict is inferred again."""
        strays: dict[str, list[str]] = {name: [] for name in self.table.names}
        types = {name: self._infer_type(name, []) for name in self.table.names}
        for _ in range(_MAX_PASSES):
            counted = self._profile([inferred.column(name) for name, inferred in types.items()])
            for name, facts in counted.facts.items():
                strays[name] += facts.strays
            again = {name: self._infer_type(name, strays[name]) for name in self.table.names}
            if again == types:
                break
            types = again
        return types, counted

    def _profile(self, columns: list[Column]) -> Profile:
        if self.workspace is not None and self.table.parts:
            return profile_parts(self.table.parts, columns, self.workspace)
        return profile(self.table, columns)

    def _infer_type(self, name: str, strays: list[str]) -> InferredType:
        values = self.sampled.table[name].combine_chunks()
        if pa.types.is_string(values.type) and strays:
            values = pa.concat_arrays([values, pa.array(strays)])
        is_time = self.given.get(name) == "time"
        csv = self.table.csv
        comma_first = csv is not None and _has_decimal_comma(csv)
        given = self.given.get(name)
        values = self._without_missing(name, values)
        inferred = infer_type(
            values,
            name="" if given in ("id", "group", "target") else name,
            comma_first=comma_first,
            moment=is_time,
            is_amount=name == self.target,
        )
        if is_time and inferred.type != "datetime":
            present = values.drop_null()
            example = f", e.g. {present[0]}" if len(present) else ""
            raise InputError(
                f"--time {name}: contains no dates that are read{example}; {READ_FORMATS}"
            )
        if words := self.missing_words.get(name):
            parsing = (inferred.parsing or ParseOptions()).model_copy(update={"missing": words})
            inferred = replace(inferred, parsing=parsing)
        if name == self.target:
            self.problem, inferred = infer_problem(name, inferred, values, self.request.problem)
        return inferred

    def _infer_column(self, name: str, inferred: InferredType, counted: Profile) -> InferredColumn:
        facts = counted.facts[name]
        from_text = self.table.csv is not None
        if name != self.target:
            different = counted.rows - counted.repeated
            return infer_column(
                name,
                inferred,
                facts,
                self.given.get(name),
                from_text=from_text,
                distinct_rows=different,
            )
        facts, written, notes, hints = read_strays(
            name, inferred, facts, from_text=from_text, is_target=True
        )
        require_variety(name, facts.distinct)
        column = Column(name=name, type=inferred.type, role="target", parsing=written)
        if inferred.type == "category":
            self.problem, classes = decide_classes(name, facts.words, self.request.problem)
            column = column.model_copy(update={"categories": Categories(values=classes)})
            if self.problem == "binary":
                notes.append(f"{classes[1]!r} is the class whose probability is reported")
        notes += [hint.text for hint in hints]
        return InferredColumn(column, facts, tuple(notes), tuple(hints))

    def _without_missing(self, name: str, values: pa.Array) -> pa.Array:
        words = self.missing_words.get(name)
        if not words or not pa.types.is_string(values.type):
            return values
        return values.filter(pc.invert(pc.is_in(values, value_set=pa.array(words))))

    def _require_features(self, columns: list[InferredColumn]) -> None:
        roles = {column.column.name: column.column for column in columns}
        if not any(column.role == "feature" and column.type != "text" for column in roles.values()):
            raise InputError(
                f"{self.request.address}: no column is left to predict {self.target} from"
            )
        taken = roles.get(PREDICTION)
        if taken is not None and taken.role != "ignore":
            raise InputError(
                f"the column {PREDICTION!r} has the name of the model's output: rename it, or "
                f"leave it out with --ignore {PREDICTION}"
            )

    def _completed(self, inferred: InferredColumn) -> InferredColumn:
        """Add an example from the sample, and the previous description and unit."""
        changes: dict[str, object] = {}
        known = self.known.get(inferred.column.name)
        if known is not None:
            changes |= {"description": known.description, "unit": known.unit}
        if inferred.column.role != "ignore" and inferred.column.type != "text":
            example = self._example(inferred.column)
            changes |= {"example": example} if inferred.column.role != "target" else {}
        return replace(inferred, column=inferred.column.model_copy(update=changes))

    def _example(self, column: Column) -> object:
        read = read_table([column], self.sampled.table.slice(0, 100)).table
        values = from_arrow(_bare(column), read)[column.name]
        present = values[~missing(values)]
        return to_json(column, present[0]) if present.size else None

    def _contract(
        self, columns: list[InferredColumn], counted: Profile
    ) -> tuple[Contract, SampledTable]:
        contract = Contract(
            problem=self.problem,
            label_horizon=self.request.label_horizon or timedelta(days=1),
            columns=tuple(inferred.column for inferred in columns),
        )
        read = usable(contract, self._sampled(contract))
        if self.request.label_horizon is None and _is_short(contract, read):
            contract = contract.model_copy(update={"label_horizon": _NO_TIME})
        bad = _bad_share(columns, counted.rows, self.table.malformed.rows)
        return contract, SampledTable(read, counted.rows, bad)

    def _sampled(self, contract: Contract) -> Columns:
        cast = read_table(table_columns(contract), self.sampled.table)
        return from_arrow(contract, cast.table)

    def _written(self, contract: Contract, columns: list[InferredColumn], rows: int) -> Contract:
        notes = {inferred.column.name: inferred.notes for inferred in columns}
        text = contract_text(contract, notes, address=self.table.address, rows=rows)
        return parse_contract(text, "config/contract.yaml")


def _has_decimal_comma(csv: Csv) -> bool:
    """Whether 1,234 is preferably read as a decimal; semicolons come with decimal commas."""
    return csv.delimiter == ";" if csv.decimal is None else csv.decimal == ","


def _with_leak(inferred: InferredColumn, score: float | None) -> InferredColumn:
    if score is None:
        return inferred
    note = f"may leak the target (score {score:.3f} of 1 alone): is it known before the label?"
    hint = Hint("leak", f"{inferred.column.name} ({score:.3f})")
    return replace(inferred, notes=(*inferred.notes, note), hints=(*inferred.hints, hint))


def _bare(column: Column) -> Contract:
    """A contract of one column, to read it."""
    return Contract(
        problem="regression",
        label_horizon=_NO_TIME,
        columns=(column.model_copy(update={"role": "target"}),),
    )


def _is_short(contract: Contract, columns: Columns) -> bool:
    if contract.time is None:
        return False
    times = columns[contract.time.name]
    return not times.size or times.max() - times.min() < np.timedelta64(_SHORT)


def _bad_share(columns: list[InferredColumn], rows: int, malformed: int) -> float:
    """Upper bound of the share of rows that will be rejected, summed over the columns."""
    bad = malformed
    for inferred in columns:
        if inferred.column.role != "ignore":
            left = inferred.facts.unread - sum(inferred.facts.strays.values())
            bad += inferred.facts.missing if not inferred.column.nullable else max(left, 0)
    return min(bad / (rows + malformed), 1.0)

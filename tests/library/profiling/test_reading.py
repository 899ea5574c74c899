"""How adoption finds out what a table is: its letters, lines, numbers, dates and names."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_loop._profiling.contract_file import contract_text
from mlops_loop._profiling.sampling import sample
from mlops_loop._profiling.table import Table
from mlops_loop._profiling.types import InferredType, infer_type
from mlops_loop._settings_loading import load_settings
from mlops_loop.contract._casting import read_table
from mlops_loop.contract._column_definition import Column, ParseOptions
from mlops_loop.contract._contract_file import parse_contract
from mlops_loop.contract._model import Contract
from mlops_loop.data._ingestion import ingest
from mlops_loop.data._sources.csv_format import detect
from mlops_loop.data._sources.encoding import detect_encoding
from mlops_loop.data._sources.header import unique_names

from .conftest import Adopt
from .tables import contract, write

TEXTS = {
    "German": "Name;Größe;Ort\nJürgen;1,5;Köln\nBärbel;2,5;Mönchengladbach\n",
    "Spanish": "a\tb\naño\tniño\nseñor\tcorazón\n",
    "Polish": "imię|miasto\nŁukasz|Łódź\nZdzisław|Kraków\nMałgorzata|Gdańsk\n",
    "Russian": "имя;город\nИван;Москва\nМария;Казань\nАлексей;Новосибирск\n",
    "French": "ville;mois\nBesançon;août\nNîmes;février\n",
    "Portuguese": "cidade;sim ou não\nConceição;não\nJoão;opções\n",
    "Danish": "farve;x\nrød;1\ngrøn;2\nblå;3\n",
    "Icelandic": "maður;x\nÞórður;1\nÍsafjörður;2\n",
    "units": "a;b\n5 °C;7 m²\n9 °C;8 m²\n",
    "several languages": "name;x\nMüller;1\nMuñoz;2\nFrançois;3\nJoão;4\nSøren;5\nÅsa;6\n",
    "Greek": "όνομα;πόλη\nΓιώργος;Αθήνα\nΜαρία;Θεσσαλονίκη\nΝίκος;Πάτρα\n",
    "Japanese": "名前,都市\n太郎,東京\n花子,大阪\n次郎,名古屋\n",
}


@pytest.mark.parametrize(
    ("language", "encoding"),
    [
        ("German", "utf-8"),
        ("German", "utf-8-sig"),
        ("German", "utf-16"),
        ("German", "utf-16-le"),
        ("German", "cp1252"),
        ("Spanish", "cp1252"),
        ("Polish", "cp1250"),
        ("French", "cp1252"),
        ("Portuguese", "cp1252"),
        ("Danish", "cp1252"),
        ("Icelandic", "cp1252"),
        ("units", "cp1252"),
        ("several languages", "cp1252"),
        ("Greek", "cp1253"),
        ("Russian", "cp1251"),
        ("Russian", "koi8_r"),
        ("Japanese", "shift_jis"),
        ("Japanese", "utf-8"),
    ],
)
def test_letters_and_delimiters_are_found(tmp_path: Path, language: str, encoding: str) -> None:
    text = TEXTS[language]
    path = tmp_path / "in.csv"
    path.write_bytes(text.encode(encoding))
    found = detect_encoding(path)
    assert path.read_bytes().decode(found).lstrip("\ufeff") == text
    assert detect(path, {"encoding": found}).delimiter in text.partition("\n")[0]


@pytest.mark.parametrize(
    ("text", "delimiter", "quote", "skip"),
    [
        ('a,b\n"1;2;3",4\n"5;6;7",8\n', ",", '"', 0),
        ("a;b\n1,5;2,5\n3,5;4,5\n", ";", '"', 0),
        ("a,b\n'x,y',1\n'z,w',2\n", ",", "'", 0),
        ("Report of May\n\na,b,c\n1,2,3\n4,5,6\n", ",", '"', 2),
        ('"two\nlines",b\n1,2\n3,4\n', ",", '"', 0),
        ("a|b\n1|2\n", "|", '"', 0),
        ("alone\n1\n2\n", ",", '"', 0),
        ("when,x\n2026-01-01 10:00:00,1\n2026-01-02 11:00:00,2\n", ",", '"', 0),
    ],
)
def test_lines_are_cut(tmp_path: Path, text: str, delimiter: str, quote: str, skip: int) -> None:
    path = tmp_path / "in.csv"
    path.write_text(text)
    found = detect(path)
    assert (found.delimiter, found.quote, found.skip) == (delimiter, quote, skip)


@pytest.mark.parametrize(
    ("texts", "wanted"),
    [
        (["1,234.5", "12", "1,000,000"], [1234.5, 12, 1e6]),
        (["1.234,5", "12", "1.000.000"], [1234.5, 12, 1e6]),
        (["1 234,5", "12,25"], [1234.5, 12.25]),
        (["1'234.5", "12"], [1234.5, 12]),
        (["$5.00", "$1,234"], [5, 1234]),
        (["5 %", "12.5 %"], [5, 12.5]),
        (["-1e3", "+.5", " 7 "], [-1000, 0.5, 7]),
    ],
)
def test_numbers_are_read_however_they_are_written(texts: list[str], wanted: list[float]) -> None:
    inferred = infer_type(pa.array(texts))
    assert inferred.type in ("integer", "number")
    assert read(inferred, texts) == wanted


@pytest.mark.parametrize(
    "texts",
    [
        ["2026-01-31", "2026-02-01"],
        ["2026-01-31T00:00:00Z", "2026-02-01 00:00"],
        ["31.01.2026", "1.2.2026"],
        ["31/01/2026", "01/02/2026"],
        ["01/31/2026", "02/01/2026"],
        ["1/31/26 12:00 AM", "2/1/26 12:00 AM"],
        ["31-Jan-2026", "01-Feb-2026"],
        ["January 31, 2026", "February 1, 2026"],
        ["20260131", "20260201"],
        ["1769817600", "1769904000"],
        ["2026-01-31", "1.2.2026"],
    ],
)
def test_moments_are_read_however_they_are_written(texts: list[str]) -> None:
    inferred = infer_type(pa.array(texts), moment=True)
    assert inferred.type == "datetime"
    found = read(inferred, texts)
    assert [str(moment)[:10] for moment in found] == ["2026-01-31", "2026-02-01"]


def test_a_date_that_could_be_another_is_said() -> None:
    assert (
        "day and month could be swapped" in infer_type(pa.array(["01/02/2026", "03/04/2026"])).note
    )
    assert not infer_type(pa.array(["01/31/2026", "03/04/2026"])).note


@pytest.mark.parametrize(
    "texts",
    [["yes", "no", "YES"], ["Y", "N", "Y"], ["t", "f", "t"], ["1", "0", "1"], ["on", "Off", "on"]],
)
def test_truth_is_read_however_it_is_written(texts: list[str]) -> None:
    inferred = infer_type(pa.array(texts))
    assert inferred.type == "boolean"
    assert read(inferred, texts) == [True, False, True]


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        (["00501", "10001"], "category"),
        (["a", "b", "1"], "category"),
        (["", "?", None], "text"),
        (["1", "2", "x"], "category"),
        (["1", "2.5", "-", "None", "inf", "."], "number"),
        (["2026-01-31", "-", "2026-02-01", "unknown"], "datetime"),
        (["yes", "no", "unknown"], "category"),
        (["none", "-"], "category"),
        ([*"123456789" * 5, "n/a"], "integer"),
        ([0, 1, 0], "boolean"),
        ([1, 2, 3], "integer"),
        ([1.0, None, 2.5], "number"),
        ([20260101, 20260102], "datetime"),
        ([b"x"], "text"),
    ],
)
def test_types_of_other_values(values: list[object], wanted: str) -> None:
    assert infer_type(pa.array(values)).type == wanted


def read(inferred: InferredType, texts: list[str]) -> list[object]:
    cast = read_table([inferred.column("x")], pa.table({"x": texts}))
    assert not cast.unreadable
    found: list[object] = cast.table["x"].to_pylist()
    return found


@pytest.mark.parametrize(
    ("texts", "wanted"),
    [
        (["\u22121.5", "2"], [-1.5, 2]),
        (["(12.00)", "3.50"], [-12, 3.5]),
        (["12.00-", "3.50"], [-12, 3.5]),
        (["-$1,234.50", "$2"], [-1234.5, 2]),
        (["($1,234.50)", "$2"], [-1234.5, 2]),
        (["12,34,567.5", "1,234"], [1234567.5, 1234]),
        (["-1.234,50 €", "2 €"], [-1234.5, 2]),
    ],
)
def test_negative_and_grouped_amounts(texts: list[str], wanted: list[float]) -> None:
    assert read(infer_type(pa.array(texts)), texts) == wanted


def test_the_last_day_of_a_calendar_is_doubted(root: Path, adopt: Adopt) -> None:
    days = [f"2024-{n // 28 + 1:02}-{n % 28 + 1:02}" for n in range(200)]
    rows = [f"{day},{n % 7},{n % 11}.5" for n, day in enumerate([*days, "9999-12-31"])]
    write(root / "in.csv", ["day,x,y", *rows])
    said = " ".join(adopt("in.csv", "--target", "y", "--time", "day").output.split())
    assert "day goes to 9999-12-31, after today" in said
    answer = ("--missing", "day=9999-12-31", "--yes")
    assert "after today" not in adopt("in.csv", "--target", "y", "--time", "day", *answer).output
    assert ingest(load_settings(root), contract(root)).rows == 200


@given(st.lists(st.text(" ab\ufeff_2\n", max_size=4), min_size=1))
def test_every_column_gets_a_name_of_its_own(found: list[str]) -> None:
    names = unique_names(found)
    assert len(set(names)) == len(found) == len(names)
    assert all(name and name == name.strip() for name in names)
    assert unique_names(names) == names


NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20)
WORDS = NAMES | st.sampled_from(["yes", "No", "null", "~", "1", "1e5", "12:30", "- a", "#", "a: b"])


@given(st.lists(WORDS, min_size=3, unique=True), st.floats(-1e12, 1e12), WORDS)
def test_a_written_contract_is_read_back(words: list[str], edge: float, remark: str) -> None:
    columns = (
        Column.model_validate(
            {
                "name": words[0],
                "type": "number",
                "range": {"minimum": edge, "maximum": edge + 1},
                "parsing": {"missing": words, "decimal": ","},
                "example": edge,
            }
        ),
        Column.model_validate(
            {"name": words[1], "type": "category", "categories": {"values": words}}
        ),
        Column(
            name=words[2], type="boolean", role="target", parsing=ParseOptions(true_words=("on",))
        ),
    )
    contract = Contract.model_validate(
        {"problem": "binary", "label_horizon": "7d", "columns": columns}
    )
    notes = {name: [remark] for name in words[:3]}
    text = contract_text(contract, notes, address=remark, rows=5)
    assert parse_contract(text).model_copy(update={"text": ""}) == contract


def test_a_sample_is_bounded_and_spread_over_the_table() -> None:
    blocks = [pa.table({"n": np.arange(start, start + 1000)}) for start in range(0, 50_000, 1000)]
    found = sample(Table("in", ("n",), lambda: iter(blocks)), limit=500)
    taken = found.table["n"].to_numpy()
    assert found.rows == 50_000
    assert 250 < len(taken) <= 1000
    assert len(np.unique(np.diff(taken))) == 1

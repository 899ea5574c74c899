"""Which words mean missing is decided for each column, and holds at every door."""

from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.parquet
import pytest

from mlops_loop._settings_loading import load_settings
from mlops_loop.contract import check_rows
from mlops_loop.contract._casting import check_table
from mlops_loop.contract._contract_file import parse_contract
from mlops_loop.contract._decoder import Decoder, InvalidRequestBody
from mlops_loop.data._ingestion import ingest

from .conftest import Adopt
from .tables import contract, write

ROWS = 300


def lines(words: list[str], quoted: bool = False) -> list[str]:
    """A column of these words in turn, a number with gaps, and a target."""
    cells = [words[number % len(words)] for number in range(ROWS)]
    cells = [f'"{cell}"' if quoted else cell for cell in cells]
    gaps = ["NA", "NaN", "null"]
    return [
        "word,size,y",
        *(
            f"{cell},{gaps[number % 3] if number % 10 == 0 else number % 37},{number % 97 / 7:.2f}"
            for number, cell in enumerate(cells)
        ),
    ]


@pytest.mark.parametrize("quoted", [False, True])
def test_a_frequent_word_is_a_value_and_asked_about(root: Path, adopt: Adopt, quoted: bool) -> None:
    write(root / "in.csv", lines(["NA", "EU", "AS"], quoted))
    done = adopt("in.csv", "--target", "y")
    assert done.exit_code == 0, done.output
    column = contract(root).column("word")
    assert column.categories is not None and column.categories.values == ("AS", "EU", "NA")
    assert not column.nullable
    first = done.output.partition("look at this first")[2]
    assert "word: 'NA' in 33.3% of the rows is a value" in first and "--missing 'word=NA'" in first
    table = ingest(load_settings(root), contract(root)).snapshot.table()
    assert table["word"].null_count == 0 and table["size"].null_count == ROWS // 10


def test_a_class_is_no_missing_value(root: Path, adopt: Adopt) -> None:
    write(root / "in.csv", lines(["NA", "EU", "AS"]))
    assert adopt("in.csv", "--target", "word").exit_code == 0
    assert (contract(root).problem, contract(root).classes) == ("multiclass", ("AS", "EU", "NA"))
    assert ingest(load_settings(root), contract(root)).rows == ROWS


def test_a_class_beside_yes_and_no_is_asked_about(root: Path, adopt: Adopt) -> None:
    write(root / "in.csv", lines(["NA", "yes", "no"]))
    done = adopt("in.csv", "--target", "word")
    assert contract(root).classes == ("NA", "no", "yes")
    assert "add --missing 'word=NA'" in done.output.partition("look at this first")[2]
    assert adopt("in.csv", "--target", "word", "--missing", "word=NA", "--yes").exit_code == 0
    assert (contract(root).problem, contract(root).target.type) == ("binary", "boolean")


@pytest.mark.parametrize("word", ["inf", "None", "-"])
def test_a_frequent_word_among_numbers_is_missing(root: Path, adopt: Adopt, word: str) -> None:
    write(root / "in.csv", lines([word, "1.5", "2.5", "3.5"]))
    said = " ".join(adopt("in.csv", "--target", "y").output.split())
    assert f"word: {word!r} in 25.0% of the rows is read as missing" in said
    table = ingest(load_settings(root), contract(root)).snapshot.table()
    assert table["word"].drop_null().unique().to_pylist() == [1.5, 2.5, 3.5]
    assert table["word"].null_count == ROWS // 4


def test_the_user_answers_with_an_option(root: Path, adopt: Adopt) -> None:
    write(root / "in.csv", lines(["NA", "EU", "AS"]))
    assert adopt("in.csv", "--target", "y", "--missing", "word=NA").exit_code == 0
    column = contract(root).column("word")
    assert column.parsing is not None and column.parsing.missing == ("NA",)
    assert column.categories is not None and column.categories.values == ("AS", "EU")
    table = ingest(load_settings(root), contract(root)).snapshot.table()
    assert table["word"].null_count == ROWS // 3
    wrong = adopt("in.csv", "--target", "y", "--missing", "wort=NA", "--yes")
    assert wrong.exit_code == 2 and "did you mean 'word'?" in wrong.output


@pytest.mark.parametrize(
    ("words", "missing"),
    [
        (["red", "blue", "?"], ("?",)),
        (["red", "blue", "#N/A"], ("#N/A",)),
        ([*["red", "blue"] * 12, "NA"], ("NA",)),
        ([*["red", "blue"] * 12, "n/a"], ("n/a",)),
        (["He", "Ne", "Na"], ()),
        (["red", "blue", "None"], ()),
        (["red", "blue", "NA"], ()),
    ],
)
def test_rare_and_unmistakable_words_are_missing(
    root: Path, adopt: Adopt, words: list[str], missing: tuple[str, ...]
) -> None:
    write(root / "in.csv", lines(words))
    done = adopt("in.csv", "--target", "y")
    parsing = contract(root).column("word").parsing
    assert (parsing.missing if parsing else ()) == missing
    assert not missing or f"'{missing[0]}' " in done.output
    size = contract(root).column("size").parsing
    assert size is not None and set(size.missing) == {"NA", "NaN", "null"}


def test_a_word_of_a_typed_file_stays_a_value(root: Path, adopt: Adopt) -> None:
    words = pa.array([["NA", "EU", "?", None][number % 4] for number in range(ROWS)])
    table = pa.table({"word": words, "y": pa.array([number % 17 / 3 for number in range(ROWS)])})
    pyarrow.parquet.write_table(table, root / "in.parquet")
    assert adopt("in.parquet", "--target", "y").exit_code == 0
    column = contract(root).column("word")
    assert column.categories is not None and column.categories.values == ("?", "EU", "NA")
    snapshot = ingest(load_settings(root), contract(root)).snapshot.table()
    assert snapshot["word"].null_count == ROWS // 4


CONTRACT = """
problem: regression
label_horizon: 1d
columns:
  word:
    type: category
    nullable: true
    parsing: {missing: ["?"]}
    categories: {values: [a, other], other: other}
  strict: {type: category, parsing: {missing: ["?"]}}
  size: {type: number, nullable: true}
  y: {type: number, role: target}
"""
FIRST = {"word": "?", "strict": "x", "size": 1.5}
SECOND = {"word": "rare", "strict": "x", "size": None}


def test_a_request_means_what_a_file_means() -> None:
    """Words for missing and other categories are read alike by file, row check and decoder."""
    made = parse_contract(CONTRACT)
    raw = pa.table({"word": ["?", "rare"], "strict": ["x", "x"], "size": ["1.5", "NA"]})
    columns = [
        check_table(made, raw, made.inputs).columns,
        check_rows(made, [FIRST, SECOND]).columns,
        Decoder(made).decode(msgspec.json.encode([FIRST, SECOND])).columns,
    ]
    decoder = Decoder(made)
    plain = [decoder.plain_row(msgspec.json.encode(row)) for row in (FIRST, SECOND)]
    columns.append(decoder.decode_batch([row for row in plain if row is not None]).columns)
    for read in columns:
        assert read["word"].tolist() == [None, "other"]
        assert read["strict"].tolist() == ["x", "x"]
    bad = {**FIRST, "strict": "?"}
    assert not check_rows(made, [bad]).accepted[0]
    assert decoder.plain_row(msgspec.json.encode(bad)) is None
    with pytest.raises(InvalidRequestBody, match="break the contract"):
        decoder.decode(msgspec.json.encode(bad))


def test_a_frequent_word_beside_yes_and_no_is_asked_about(root: Path, adopt: Adopt) -> None:
    write(root / "in.csv", lines(["?", "yes", "no", "yes", "no", "yes", "no"]))
    done = adopt("in.csv", "--target", "word")
    made = contract(root)
    assert (made.problem, made.target.type) == ("binary", "boolean")
    first = " ".join(done.output.partition("look at this first")[2].split())
    assert "word: '?' in 14.3% of the rows is read as missing: replace it in the table by" in first
    found = ingest(load_settings(root), made)
    assert (found.rows, found.quarantined) == (257, 43)


def test_in_quotes_a_word_is_a_value_where_it_is_missing_without(root: Path, adopt: Adopt) -> None:
    """As R's `write.csv` writes a factor with the level NA, and missing values."""
    cells = ['"NA"', '"EU"', "NA", '"AS"', '"EU"']
    rows = [
        f"{cells[n % 5]},{'NA' if n % 7 == 0 else n % 37},{n % 97 / 7:.2f}" for n in range(ROWS)
    ]
    write(root / "in.csv", ['"word","size","y"', *rows])
    done = adopt("in.csv", "--target", "y")
    assert done.exit_code == 0, done.output
    assert "'NA' without quotes is missing, in quotes a value" in done.output
    assert load_settings(root).csv.missing == ("NA",)
    column = contract(root).column("word")
    assert column.categories is not None and column.categories.values == ("AS", "EU", "NA")
    assert column.nullable
    table = ingest(load_settings(root), contract(root)).snapshot.table()
    assert table["word"].null_count == ROWS // 5
    assert table["size"].null_count == len(range(0, ROWS, 7))
    assert table["word"].to_pylist().count("NA") == ROWS // 5

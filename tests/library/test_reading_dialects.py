"""Text files as people write them: delimiters, quotes, escapes and titles."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from mlops_loop._settings import DETECT
from mlops_loop.data._ingestion import ingest
from mlops_loop.errors import InputError

from .projects import cli
from .text_files import CONTRACT, COUNT, Row, lines, project, rows, table

# The text, and the header and first row that are in it.
FILES: dict[str, tuple[str, Row, Row]] = {
    "times": (
        lines("when,y", lambda n: f"2021-10-20 00:{n:02}:00,{n % 2}"),
        ["when", "y"],
        ["2021-10-20 00:01:00", "1"],
    ),
    "offsets": (
        lines("when,a,y", lambda n: f"2021-10-20T00:{n:02}:00+02:00,{n}.5,{n % 2}"),
        ["when", "a", "y"],
        ["2021-10-20T00:01:00+02:00", "1.5", "1"],
    ),
    "start and end": (
        lines("start,end,y", lambda n: f"2021-10-20 00:{n:02}:00,2021-10-20 01:{n:02}:00,1"),
        ["start", "end", "y"],
        ["2021-10-20 00:01:00", "2021-10-20 01:01:00", "1"],
    ),
    "decimal commas": (
        lines("a;b;y", lambda n: f"{n},5;2,5;3,5"),
        ["a", "b", "y"],
        ["1,5", "2,5", "3,5"],
    ),
    "quoted thousands": (
        lines("price,a,y", lambda n: f'"1,{n:03}",0.5,1'),
        ["price", "a", "y"],
        ["1,001", "0.5", "1"],
    ),
    "quoted names": (
        lines("name,salary", lambda n: f'"Doe{n}, Jane",100'),
        ["name", "salary"],
        ["Doe1, Jane", "100"],
    ),
    "dates with slashes": (
        lines("date,high", lambda n: f"2010/01/{n:02} 00:00:00,51"),
        ["date", "high"],
        ["2010/01/01 00:00:00", "51"],
    ),
    "one row": (
        "when,a,y\n2021-10-20 00:00:01,1,2\n",
        ["when", "a", "y"],
        ["2021-10-20 00:00:01", "1", "2"],
    ),
    "escaped quotes": (
        lines("text,y", lambda n: f'"He said \\"no, {n}\\"",0'),
        ["text", "y"],
        ['He said "no, 1"', "0"],
    ),
    "doubled quotes": (
        lines("text,y", lambda n: f'"He said ""no, {n}""",0'),
        ["text", "y"],
        ['He said "no, 1"', "0"],
    ),
    "escaped delimiters": (
        lines("text,y", lambda n: f"one\\, {n},0"),
        ["text", "y"],
        ["one, 1", "0"],
    ),
    "Windows paths": (
        lines("path,y", lambda n: f"C:\\data\\file{n}.txt,0"),
        ["path", "y"],
        ["C:\\data\\file1.txt", "0"],
    ),
    "free text": (
        lines("text,y", lambda n: f"this is text number {n} of a man,{n % 2}"),
        ["text", "y"],
        ["this is text number 1 of a man", "1"],
    ),
    "free text alone": (
        lines("text", lambda n: f"this is text number {n} of a man"),
        ["text"],
        ["this is text number 1 of a man"],
    ),
    "apostrophes": (
        lines("name,city,y", lambda n: f"O'Brien,L'Aquila,{n % 2}"),
        ["name", "city", "y"],
        ["O'Brien", "L'Aquila", "1"],
    ),
    "single quotes": (
        lines("'a','b','y'", lambda n: f"'x, {n}','1','{n % 2}'"),
        ["a", "b", "y"],
        ["x, 1", "1", "1"],
    ),
    "pipes with commas": (
        lines("name|address|y", lambda n: f"Doe, Jane|12 Main St, Apt {n}|0"),
        ["name", "address", "y"],
        ["Doe, Jane", "12 Main St, Apt 1", "0"],
    ),
    "tabs with commas": (
        lines("a\tb\ty", lambda n: f"x, {n}\t1,5\t0"),
        ["a", "b", "y"],
        ["x, 1", "1,5", "0"],
    ),
    "lines of a log": (
        lines("line", lambda n: f'10.0.0.{n} - "GET /a?b=1,c;d HTTP/1.0" 200'),
        ["line"],
        ['10.0.0.1 - "GET /a?b=1,c;d HTTP/1.0" 200'],
    ),
    "URLs": (
        lines("url,y", lambda n: f"https://host/a:{n}?q=1|2;3,0"),
        ["url", "y"],
        ["https://host/a:1?q=1|2;3", "0"],
    ),
    "JSON": (
        lines("payload,y", lambda n: f'"{{""a"": 1, ""b"": [{n}, 2]}}",0'),
        ["payload", "y"],
        ['{"a": 1, "b": [1, 2]}', "0"],
    ),
    "lists": (
        lines("genres,tags,y", lambda n: f"Drama|Comedy,a;b;c{n},0"),
        ["genres", "tags", "y"],
        ["Drama|Comedy", "a;b;c1", "0"],
    ),
    "intervals": (
        lines("age,income,y", lambda n: f'"[{n},{n + 10})",100,0'),
        ["age", "income", "y"],
        ["[1,11)", "100", "0"],
    ),
    "coordinates": (
        lines("point;y", lambda n: f"(48.1, 11.{n});0"),
        ["point", "y"],
        ["(48.1, 11.1)", "0"],
    ),
    "inches": (lines("size,y", lambda n: f'{n}" wide,0'), ["size", "y"], ['1" wide', "0"]),
    "addresses of machines": (
        lines("mac,ip,y", lambda n: f"aa:bb:cc:dd:ee:{n:02},10.0.0.{n},0"),
        ["mac", "ip", "y"],
        ["aa:bb:cc:dd:ee:01", "10.0.0.1", "0"],
    ),
    "a semicolon in a name": (
        lines("a;b,c,y", lambda n: f"{n},2,0"),
        ["a;b", "c", "y"],
        ["1", "2", "0"],
    ),
    "quoted header": (
        lines('"a, first","b","y"', lambda n: f"{n},2,0"),
        ["a, first", "b", "y"],
        ["1", "2", "0"],
    ),
    "lines in quotes": (
        lines("text,y", lambda n: f'"line one\nline, two {n}",0'),
        ["text", "y"],
        ["line one\nline, two 1", "0"],
    ),
    "a closed quote at the end": (
        lines("y,text", lambda n: '0,"a note\n"'),
        ["y", "text"],
        ["0", "a note\n"],
    ),
    "empty cells": (lines("a,b,c,y", lambda n: f",,,{n}"), [*"abcy"], [None, None, None, "1"]),
    "a title": (
        "Report of May\n\n" + lines("a,b,y", lambda n: f"{n},2,0"),
        ["a", "b", "y"],
        ["1", "2", "0"],
    ),
    "a title with a comma": (
        "Sales, 2021\n" + lines("a,b,y", lambda n: f"{n},2,0"),
        ["a", "b", "y"],
        ["1", "2", "0"],
    ),
    "comments": (
        "# made by a tool\n# v 1.0, 2021\n" + lines("a,b,y", lambda n: f"{n},2,0"),
        ["a", "b", "y"],
        ["1", "2", "0"],
    ),
    "titles with delimiters of their own": (
        "Company\nExported 2021-01-01, by Jane\n;;\n" + lines("a;b;y", lambda n: f"{n};2,5;0"),
        ["a", "b", "y"],
        ["1", "2,5", "0"],
    ),
    "a hint for Excel": (
        "sep=;\n" + lines("a;b;y", lambda n: f"{n};2,5;0"),
        ["a", "b", "y"],
        ["1", "2,5", "0"],
    ),
    "CRLF": (
        lines("a;b;y", lambda n: f"{n};x;0").replace("\n", "\r\n"),
        ["a", "b", "y"],
        ["1", "x", "0"],
    ),
    "a byte order mark": (
        "\ufeff" + lines('"a";"y"', lambda n: f'"{n}";"2,5"'),
        ["a", "y"],
        ["1", "2,5"],
    ),
    "dollars": (lines("a$b$y", lambda n: f"{n}$x$0"), ["a", "b", "y"], ["1", "x", "0"]),
    "blanks": (lines("a b y", lambda n: f"{n} 2 0"), ["a", "b", "y"], ["1", "2", "0"]),
    "colons": (lines("a:b:y", lambda n: f"{n}:x:0"), ["a", "b", "y"], ["1", "x", "0"]),
    "control characters": (
        lines("a\x01b\x01y", lambda n: f"{n}\x01x\x010"),
        ["a", "b", "y"],
        ["1", "x", "0"],
    ),
    "carets": (lines("a^b^y", lambda n: f"{n}^x^0"), ["a", "b", "y"], ["1", "x", "0"]),
}


@pytest.mark.parametrize("name", FILES)
def test_header_and_rows_are_split_alike(tmp_path: Path, name: str) -> None:
    text, header, first = FILES[name]
    path = tmp_path / "in.csv"
    path.write_text(text, newline="")
    read = table(path)
    found = rows(read)
    assert (list(read.names), found[0]) == (header, first)
    assert len(found) == (1 if name == "one row" else COUNT)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a    b    y\n1    2    3\n4    5    6\n", r"aligned by several blanks.*sep=r'\\s\+'"),
        ('"a", "b"\n"x, y", "z"\n' * 5, "blanks stand before quotes.*skipinitialspace=True"),
    ],
)
def test_what_no_dialect_fits_is_rejected_with_the_remedy(
    tmp_path: Path, text: str, message: str
) -> None:
    path = tmp_path / "in.txt"
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        table(path)


@pytest.mark.parametrize(
    ("content", "dialect", "first"),
    [
        ("a,b;c;y\n1,2;3;0\n", {"delimiter": ","}, ["1", "2;3;0"]),
        ("a;b\n'x;y';1\n'z;w';2\n", {"quote": "'"}, ["x;y", "1"]),
        ('a,b\n"x",1\n"z",2\n', {"quote": None}, ['"x"', "1"]),
        ("a,b\nx^,y,1\nz,2\n", {"escape": "^", "delimiter": ","}, ["x,y", "1"]),
        ("a,b\n\xe9,1\n", {"encoding": "cp1250"}, ["é", "1"]),
    ],
)
def test_options_overrule_what_is_detected(
    tmp_path: Path, content: str, dialect: dict[str, str | None], first: Row
) -> None:
    path = tmp_path / "in.csv"
    path.write_bytes(content.encode("cp1250"))
    assert rows(table(path, **dialect))[0] == first


def test_each_file_of_a_folder_is_read_in_its_own_dialect(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.csv").write_text(lines("a,c,y", lambda n: f"{n},1.5,1"), encoding="utf-8")
    (folder / "b.csv").write_text(lines("a;c;y", lambda n: f"{n};2.5;0"), encoding="utf-8")
    (folder / "c.csv").write_text("a\tc\ty\tnote\n3\t3.5\t1\tné\n", encoding="cp1252")
    read = table(folder)
    found = rows(read)
    assert [found[0], found[COUNT], found[-1]] == [
        ["1", "1.5", "1", None],
        ["1", "2.5", "0", None],
        ["3", "3.5", "1", "né"],
    ]
    assert read.csv is not None and read.csv.encoding == DETECT
    settings = project(tmp_path, "").model_copy(update={"csv": read.csv, "source": "in"})
    assert ingest(settings, CONTRACT).rows == 2 * COUNT + 1


@pytest.mark.parametrize(
    ("text", "options"),
    [
        (lines("a^c^y", lambda n: f"{n}^1.5^1"), []),
        (lines("a;c;y", lambda n: f"{n};1,5;1"), ["--decimal", ","]),
        (lines("c;a;y", lambda n: f"1.000,5;{n};1"), ["--delimiter", ";", "--decimal", ","]),
        (lines("'c','a','y'", lambda n: f"'1.5','{n}','1'"), ["--quote", "'"]),
    ],
)
def test_commands_take_the_dialect_of_a_file(tmp_path: Path, text: str, options: list[str]) -> None:
    project(tmp_path, text)
    command = ["--root", str(tmp_path), "contract", "check", str(tmp_path / "in.csv"), *options]
    done = CliRunner().invoke(cli, command)
    assert (done.exit_code, done.output) == (0, f"0 of {COUNT} rows violate the contract\n")


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("--delimiter", ";;", "expected one character"),
        ("--encoding", "klingon", "unknown encoding 'klingon'"),
        ("--decimal", "x", "is not one of"),
    ],
)
@pytest.mark.parametrize("command", ["adopt", "score", "label", "contract check"])
def test_an_impossible_dialect_is_refused(
    tmp_path: Path, command: str, option: str, value: str, message: str
) -> None:
    path = tmp_path / "in.csv"
    path.write_text("a,y\n1,2\n")
    more = {"adopt": ["--target", "y"], "score": [str(tmp_path / "out.csv")]}.get(command, [])
    done = CliRunner().invoke(cli, [*command.split(), str(path), *more, option, value])
    assert done.exit_code == 2 and message in done.output

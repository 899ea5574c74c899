"""Delimited text and JSON Lines by a contract, most values of which are right."""

import json

from hypothesis import strategies as st

from mlops_loop.contract._contract_file import parse_contract

CONTRACT = parse_contract("""
problem: regression
label_horizon: 1d
columns:
  key: {type: text, role: id}
  at: {type: datetime, role: time}
  amount: {type: number, nullable: true}
  count: {type: integer, nullable: true}
  kind: {type: category, nullable: true}
  flag: {type: boolean, nullable: true}
  outcome: {type: number, role: target}
""")
NAMES = [*CONTRACT.by_name]
ROW = ["k1", "2013-01-01T10:00:00", "1.5", "3", "a", "true", "2.5"]
_ODD = [
    *("", " ", "NA", "nan", "-inf", "1e999", "1,5", "1.234,5", "9" * 400, "0x1F", "-0", "1_000"),
    *(
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-12:00",
        "24:00",
        "31.12.2013",
        "\0",
        "\x1a",
    ),
    *('"', '""', '"a\nb', "a\r\nb", "'", "\\", ";", "\t", "é漢", "\ufeff", "\ud800", "x" * 20_000),
    *("1e400", "18446744073709551616", "253402300800", "-62135596801", "true", "null", "{}"),
]
_CELLS = st.sampled_from(_ODD) | st.sampled_from(ROW) | st.text(max_size=6)


@st.composite
def _rows(draw: st.DrawFn) -> list[list[str]]:
    """A header and rows of texts, most of them right."""
    rows = [NAMES, *([*ROW] for _ in range(draw(st.integers(0, 12))))]
    for number, row in enumerate(rows[1:]):
        row[0] = f"k{number}"
    for _ in range(draw(st.integers(0, 5))):
        at = draw(st.integers(0, len(rows) - 1))
        rows[at] = [*rows[at]]
        rows[at][draw(st.integers(0, len(NAMES) - 1))] = draw(_CELLS)
    if draw(st.booleans()):
        rows[draw(st.integers(0, len(rows) - 1))] = draw(st.lists(_CELLS, max_size=9))
    return rows


@st.composite
def csv_texts(draw: st.DrawFn) -> bytes:
    """Delimited text of any dialect and encoding, quoted or not."""
    delimiter = draw(st.sampled_from(",,,;\t|: "))
    quote = draw(st.sampled_from(["", "", '"', "'"]))
    ending = draw(st.sampled_from(["\n", "\n", "\r\n", "\r"]))
    encoding = draw(
        st.sampled_from(["utf-8", "utf-8", "utf-8-sig", "utf-16", "utf-16-be", "cp1252", "utf-32"])
    )
    title = draw(st.sampled_from(["", "", "a title\n\n", "sep=;\n", "# comment\n"]))
    lines = [delimiter.join(f"{quote}{cell}{quote}" for cell in row) for row in draw(_rows())]
    errors = "surrogatepass" if encoding.startswith("utf") else "replace"
    return (title + ending.join(lines)).encode(encoding, errors)


@st.composite
def json_lines(draw: st.DrawFn) -> bytes:
    """Objects with added members, whose values may be no JSON."""
    values = st.one_of(
        _CELLS.map(json.dumps),
        st.floats().map(json.dumps),
        st.integers().map(json.dumps),
        st.sampled_from(["null", "{}", "[1, [2]]", "1e999", "1" * 400, "NaN", "[" * 3000, "true"]),
        st.integers(1, 1200).map(lambda depth: "[" * depth + "]" * depth),
    )
    keys = st.sampled_from([*NAMES, "", "other"]).map(json.dumps) | _CELLS.map(json.dumps)
    lines = []
    for number in range(draw(st.integers(0, 6))):
        row = {**dict(zip(NAMES, ROW)), "key": f"k{number}", "amount": 1.5, "outcome": number}
        members = [(json.dumps(name), json.dumps(value)) for name, value in row.items()]
        members += draw(st.lists(st.tuples(keys, values), max_size=3))
        lines.append("{" + ",".join(f"{name}: {value}" for name, value in members) + "}")
    lines += draw(st.lists(values, max_size=1))
    return "\n".join(lines).encode("utf-8", "surrogatepass")

"""Tables that nobody prepared, and what adoption made of them."""

import random
from datetime import date, timedelta
from pathlib import Path

from mlops_loop.contract._contract_file import load_contract
from mlops_loop.contract._model import Contract

ROWS = 300


def customers() -> list[str]:
    """A header and rows as a spreadsheet of a German office writes them."""
    rng = random.Random(1)
    lines = ["Kunden-Nr.;Größe (cm);Umsatz €;class;class;Datum;aktiv;leer;fest; PLZ ;gekündigt?"]
    for number in range(ROWS):
        size, worth = rng.gauss(170, 9), rng.uniform(1e3, 1e6)
        money = f"{worth:,.2f}".replace(",", "_").replace(".", ",").replace("_", ".")
        money = "auf Anfrage" if number in (7, 20) else money
        day = date(2021, 1, 3) + timedelta(days=number)
        left = "ja" if size + rng.gauss(0, 5) > 170 else "nein"
        cells = [f"K{number:05}", f"{size:.1f}".replace(".", ","), money, "ABC"[number % 3]]
        code = f"0{number % 40:04}"
        cells += ["lambda", f"{day:%d.%m.%Y}", rng.choice("JN"), "", "x", code, left]
        lines.append(";".join(cells))
    return lines


def write(path: Path, lines: list[str], encoding: str = "utf-8") -> str:
    path.write_text("\n".join([*lines, ""]), encoding=encoding)
    return str(path)


def numbers(rows: int = ROWS) -> list[str]:
    """Two columns and a target that follows the first one."""
    rng = random.Random(2)
    lines = ["x,y,z"]
    for _ in range(rows):
        x = rng.gauss(0, 1)
        lines.append(f"{x:.3f},{x * 3 + rng.gauss(0, 1):.3f},{rng.randint(0, 30)}")
    return lines


def contract(root: Path) -> Contract:
    return load_contract(root / "config/contract.yaml")


def everything(root: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()
    }

"""Tables as named columns: CSV, Parquet, dicts, NumPy records, pandas and polars frames."""

import csv
import io
import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from difflib import get_close_matches
from importlib import import_module
from importlib.util import find_spec
from numbers import Real
from pathlib import Path
from typing import Any

import numpy as np

from checks.suite.problem import InputProblem

Table = dict[str, list[Any]]
NO_NUMBERS = (bool, np.bool_, np.timedelta64)  # the last is an integer to NumPy
WRITTEN = re.compile(r"\s*[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?\s*")
COMMAS = re.compile(r"\s*[-+]?[0-9.]*,[0-9.,]*([eE][-+]?[0-9]+)?\s*")
NO_COLUMNS = (str, bytes, Mapping, set, frozenset)
LARGEST = 256 * 2**20  # bytes of a file


def read_table(source: Any) -> Table:
    """The columns of a table by name; raises InputProblem for what is none.

    ``source``: a path to a .csv, .tsv or .parquet file, a dict of columns, a structured NumPy
    array, or a frame of pandas or polars (anything with ``columns`` and columns by name).
    """
    if isinstance(source, str | Path):
        path = Path(source)
        table = _parquet(path) if path.suffix.lower() == ".parquet" else _csv(path)
    elif isinstance(source, Mapping):
        table = _columns(source, source)
    elif isinstance(source, np.ndarray) and source.dtype.names and source.ndim == 1:
        table = _columns(source, source.dtype.names)
    elif (names := getattr(source, "columns", None)) is not None:
        table = _columns(source, names)
    else:
        raise InputProblem(
            expected="a table: a file, a dict of columns, a structured array or a frame",
            received=f"a {type(source).__name__}",
            remedy="Give columns by name.",
        )
    lengths = {name: len(column) for name, column in table.items()}
    if not table or len(set(lengths.values())) != 1 or not min(lengths.values()):
        raise InputProblem(
            expected="columns of one length, with at least one row",
            received=f"columns of lengths {lengths}",
            remedy="Write one row a measurement.",
        )
    return table


def numbers(table: Table, name: str) -> np.ndarray:
    """A column as finite doubles; raises InputProblem that names the first cell that is none."""
    values = []
    for row, cell in enumerate(column(table, name), start=1):
        value = _value(cell)
        if not np.isfinite(value):
            raise InputProblem(
                expected=f"finite numbers in the column “{name}”",
                received=f"{_short(cell)} in row {row}",
                remedy="Write a decimal point, and nothing between thousands."
                if isinstance(cell, str) and COMMAS.fullmatch(cell)
                else "Correct the cell, or leave the row out.",
            )
        values.append(value)
    return np.array(values)


def column(table: Table, name: str) -> list[Any]:
    """A column; raises InputProblem with the columns there are."""
    if name not in table:
        near = get_close_matches(name, table, n=1)
        raise InputProblem(
            expected=f"a column “{name}”",
            received=f"the columns {', '.join(table)}"
            + (f" (did you mean {near[0]}?)" if near else ""),
            remedy="Name one of them.",
        )
    return table[name]


def _columns(source: Any, names: Iterable[Any]) -> Table:
    """Columns by their names as text, each a sequence of cells."""
    found: Table = {}
    for name in names:
        cells = source[name]
        if str(name) in found or isinstance(cells, NO_COLUMNS) or not isinstance(cells, Iterable):
            raise InputProblem(
                expected=f"one column “{name}”, a list or an array of one cell a row",
                received="two columns of that name"
                if str(name) in found
                else f"a {type(cells).__name__}",
                remedy="Give each column once, as a sequence.",
            )
        if getattr(cells, "ndim", 1) != 1:
            raise InputProblem(
                expected=f"one cell a row in the column “{name}”",
                received=f"an array of shape {getattr(cells, 'shape', '')}",
                remedy="Give each column once, as a sequence.",
            )
        found[str(name)] = list(cells)
    return found


def _value(cell: Any) -> float:
    """A cell as a double; not a number for what is none, infinite beyond all doubles."""
    written = isinstance(cell, str) and WRITTEN.fullmatch(cell)
    number = isinstance(cell, Real | Decimal) and not isinstance(cell, NO_NUMBERS)
    try:
        return float(cell) if written or number else float("nan")
    except OverflowError:
        return float("inf")
    except ValueError:  # a signalling not-a-number
        return float("nan")


def _short(cell: Any) -> str:
    """A cell in a message."""
    try:
        text = repr(cell)
    except ValueError:  # an integer of more digits than Python prints
        text = f"a {type(cell).__name__} of many digits"
    return text if len(text) <= 40 else f"{text[:37]}..."


def _csv(path: Path) -> Table:
    text = _content(path)
    try:
        lines = text.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputProblem(
            expected="text in UTF-8, columns separated by commas, semicolons or tabs",
            received=f"{path}, which is no such text",
            remedy="Export it as CSV, or name it .parquet if it is that.",
        ) from None
    head = next((line for line in lines.splitlines() if line.strip()), "")
    separator = max(",;\t", key=head.count)
    reader = csv.reader(io.StringIO(lines, newline=None), delimiter=separator)
    try:
        numbered = [(reader.line_num, row) for row in reader if any(row)]
    except csv.Error as error:
        raise InputProblem(
            expected="rows of text, cells separated by commas, semicolons or tabs",
            received=f"{path}, line {reader.line_num}: {error}",
            remedy="Export it as CSV, or name it .parquet if it is that.",
        ) from None
    rows = [row for _, row in numbered]
    names = [name.strip() for name in rows[0]] if rows else []
    wrong = [k for k, row in numbered if len(row) != len(names)]
    if len(rows) < 2 or wrong or len(set(names)) < len(names):
        raise InputProblem(
            expected="a line of different column names, and rows with a cell for each",
            received=f"{path}: {len(rows)} lines with the names {_short(names)}"
            + (f", and another number of cells in line {wrong[0]}" if wrong else ""),
            remedy="Correct the file.",
        )
    return {name: [row[k].strip() for row in rows[1:]] for k, name in enumerate(names)}


def _parquet(path: Path) -> Table:
    if find_spec("pyarrow") is None:
        raise InputProblem(
            expected="pyarrow, which reads Parquet",
            received="an installation without it",
            remedy="pip install 'verilimit[parquet]', or write the table as CSV.",
        )
    arrow, parquet = import_module("pyarrow"), import_module("pyarrow.parquet")
    try:
        return dict(parquet.read_table(arrow.BufferReader(_content(path))).to_pydict())
    except arrow.ArrowException as error:
        raise InputProblem(
            expected="a Parquet file",
            received=f"{path} ({error})",
            remedy="Write it anew, or as CSV.",
        ) from None


def _content(path: Path) -> bytes:
    try:
        if path.stat().st_size > LARGEST:
            raise OSError(f"larger than {LARGEST} bytes")
        return path.read_bytes()
    except (OSError, ValueError) as error:  # a path may hold what no path can
        raise InputProblem(
            expected="a file with a table",
            received=f"{path} ({error})",
            remedy="Correct the path.",
        ) from None

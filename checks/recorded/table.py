"""Tables as named columns: CSV, Parquet, dicts, NumPy records, pandas and polars frames."""

import csv
import io
from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from checks.suite.problem import InputProblem

Table = dict[str, list[Any]]
NO_NUMBERS = (bool, np.bool_, complex, np.complexfloating, np.ma.core.MaskedConstant)
LARGEST = 256 * 2**20  # bytes of a file


def read_table(source: Any) -> Table:
    """The columns of a table by name; raises InputProblem for what is none.

    ``source``: a path to a .csv, .tsv or .parquet file, a dict of columns, a structured NumPy
    array, or a frame of pandas or polars (anything with ``columns`` and columns by name).
    """
    if isinstance(source, str | Path):
        path = Path(source)
        table = _parquet(path) if path.suffix == ".parquet" else _csv(path)
    elif isinstance(source, Mapping):
        table = {str(name): list(column) for name, column in source.items()}
    elif isinstance(source, np.ndarray) and source.dtype.names:
        table = {name: source[name].tolist() for name in source.dtype.names}
    elif (names := getattr(source, "columns", None)) is not None:
        table = {str(name): list(source[name]) for name in names}
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
        try:
            if isinstance(cell, NO_NUMBERS):
                raise ValueError
            value = float(cell)
        except (TypeError, ValueError):
            value = float("nan")
        if not np.isfinite(value):
            raise InputProblem(
                expected=f"finite numbers in the column “{name}”",
                received=f"{cell!r} in row {row}",
                remedy="Correct the cell, or leave the row out.",
            )
        values.append(value)
    return np.array(values)


def column(table: Table, name: str) -> list[Any]:
    """A column; raises InputProblem with the columns there are."""
    if name not in table:
        raise InputProblem(
            expected=f"a column “{name}”",
            received=f"the columns {', '.join(table)}",
            remedy="Name one of them.",
        )
    return table[name]


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
    head = lines.split("\n", 1)[0]
    separator = max(",;\t", key=head.count)
    rows = [row for row in csv.reader(io.StringIO(lines), delimiter=separator) if any(row)]
    names = [name.strip() for name in rows[0]] if rows else []
    wrong = [k for k, row in enumerate(rows, start=1) if len(row) != len(names)]
    if len(rows) < 2 or wrong or len(set(names)) < len(names):
        raise InputProblem(
            expected="a line of different column names, and rows with a cell for each",
            received=f"{path}: {len(rows)} lines with the names {names}"
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
    except arrow.ArrowInvalid as error:
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
    except OSError as error:
        raise InputProblem(
            expected="a file with a table",
            received=f"{path} ({error})",
            remedy="Correct the path.",
        ) from None

"""``verilimit judge``: a table of recorded errors, judged, estimated, or compared by method."""

import json as text
from pathlib import Path
from typing import Any

from checks.app.checking import exit_status
from checks.app.screen import coloured, console
from checks.recorded.claim import RecordedRateClaim
from checks.recorded.comparison import compare
from checks.recorded.estimates import estimate
from checks.recorded.held import Recorded
from checks.recorded.monomials import read_rate
from checks.recorded.recorded import recorded
from checks.recorded.table import Table, column, read_table
from checks.suite.files import require_writable, write_text
from checks.suite.problem import InputProblem
from checks.verdicts import Result, judge
from checks.verdicts.finding import plot_series


def judge_table(
    file: Path,
    *,
    columns: dict[str, Any],
    predicted: str | None,
    kind: str,
    margin: float,
    next_order: float | None,
    resolution: float | None,
    method: str | None,
    json: Path | None,
    plot: Path | None,
) -> int:
    """Print what the table says; returns the status of the verdict, 0 where nothing was claimed."""
    require_writable(json, "--json", "{")
    require_writable(plot, "--plot", "<")
    if plot is not None and plot.suffix != ".svg":
        raise InputProblem(
            expected="--plot to name an .svg file", received=str(plot), remedy="Rename it."
        )
    table = read_table(file)
    if method is not None:
        if predicted is not None or plot is not None:
            raise InputProblem(
                expected="--method alone: it compares two methods and claims no rate",
                received="--method with --predicted or --plot",
                remedy="Leave one of them away.",
            )
        return _compare(table, columns, method, json)
    data = recorded(table, **columns)
    result = None
    if predicted is not None:
        form = {} if next_order is None else {"next_order": next_order}
        claim = _claim(
            file, data, predicted, kind=kind, margin=margin, resolution=resolution, **form
        )
        data = claim.recorded  # the prediction says which sizes are steps
        result = judge(claim)
        _print_verdict(result)
    found = estimate(data)
    console().print(str(found), markup=False, soft_wrap=True)
    if json is not None:
        _write(json, {"estimate": found.to_json(), "claim": result and result.to_json()})
    if plot is not None:
        _draw(plot, data, result)
    return 0 if result is None else exit_status([result])


def _claim(file: Path, data: Recorded, predicted: str, **fields: Any) -> RecordedRateClaim:
    try:
        return RecordedRateClaim(
            id="recorded/table",
            statement=f"{file.name}: the error is {fields['kind']} {predicted}",
            recorded=data,
            predicted=read_rate(predicted),
            **fields,
        )
    except ValueError as error:
        raise InputProblem(
            expected="a rate that the table can decide",
            received=str(error),
            remedy="Correct the option, or leave --predicted out to estimate.",
        ) from None


def _print_verdict(result: Result) -> None:
    screen = console()
    screen.print(coloured(result.verdict.name))
    screen.print(f"because {result.because}", markup=False, soft_wrap=True)
    for note in result.notes:
        screen.print(f"  {note}", markup=False, soft_wrap=True)


def _compare(table: Table, columns: dict[str, Any], method: str, json: Path | None) -> int:
    labels = [str(label) for label in column(table, method)]
    names = sorted(set(labels))
    if len(names) != 2:
        raise InputProblem(
            expected=f"two methods in the column “{method}”",
            received=f"{len(names)}: {', '.join(names[:8])}",
            remedy="Leave the rows of the others out.",
        )
    rows = {name: [k for k, label in enumerate(labels) if label == name] for name in names}
    read = {name: cells for name, cells in table.items() if name != method}
    parts = [{n: [cells[k] for k in rows[name]] for n, cells in read.items()} for name in names]
    first, second = (recorded(part, **columns) for part in parts)
    found = compare(first, second, (names[0], names[1]))
    console().print(str(found), markup=False, soft_wrap=True)
    if json is not None:
        _write(json, {"comparison": found.to_json()})
    return 0


def _draw(path: Path, data: Recorded, result: Result | None) -> None:
    from checks.report.charts import series_drawing, svg

    series = (result.series if result else ()) or _series(data)  # a blocked claim draws none
    drawing = svg(series_drawing(series[0]), "recorded")
    write_text(path, str(drawing) + "\n")


def _series(data: Recorded) -> tuple[dict[str, Any], ...]:
    spread = data.values * data.covariance.diagonal() ** 0.5
    return plot_series("error", data.points, data.sizes[0], data.values, spread, None)


def _write(path: Path, content: dict[str, Any]) -> None:
    write_text(path, text.dumps(content, indent=2, allow_nan=False) + "\n")

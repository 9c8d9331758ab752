"""``verilimit bench --speed``: how fast things are, as ratios of one run."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from checks.app.screen import console, print_table
from checks.bench import Benchmark, Row, judging, starting
from checks.bench.counting import Counts
from checks.bench.deriving import Derivations
from checks.report.table import Place
from checks.suite.files import require_writable, write_text
from checks.suite.house import BUILT_IN, House
from checks.suite.problem import InputProblem

PLACE = Place("<!-- verilimit bench -->", "<!-- end of the bench -->")


def subjects(house: House) -> Mapping[str, tuple[Benchmark, ...]]:
    """What can be measured: the machinery by subject, and each room that has benchmarks."""
    found: dict[str, tuple[Benchmark, ...]] = {
        "starting": starting.benchmarks,
        "judging": judging.benchmarks,
        "deriving": (Derivations(house.names()),),
        "counting": (Counts(BUILT_IN.names()),),
    }
    for room in house.names():
        module = house.part(room, "benchmarks")
        if module is not None:
            found[room] = tuple(module.benchmarks)
    return found


def bench_speed(
    asked: Sequence[str], house: House, *, out: Path | None, table: Path | None, quiet: bool
) -> int:
    """Measure subjects one after the other; print, write and insert what was found."""
    require_writable(out, "--json", "{")
    PLACE.require(table)
    known = subjects(house)
    for name in asked:
        if name not in known:
            raise InputProblem(
                expected=f"subjects among {', '.join(known)}",
                received=name,
                remedy="Leave them away for all of them.",
            )
    log = console(stderr=True)
    rows: dict[str, list[Row]] = {}
    for name in asked or known:
        for row in _rows(known[name]):
            rows.setdefault(name, []).append(row)
            if not quiet:
                log.print(f"{name}: {row.name}: {row.value:.3g}", markup=False, highlight=False)
    shown = [
        (name, row.name, f"{row.value:.3g}", row.aim, row.note)
        for name, found in rows.items()
        for row in found
    ]
    print_table(console(), ("subject", "figure", "value", "aim", "note"), shown)
    if out is not None:
        content = {name: [row.to_json() for row in found] for name, found in rows.items()}
        write_text(out, json.dumps({"bench": content}, indent=1, allow_nan=False) + "\n")
    if table is not None:
        PLACE.write(table, [*_markdown(rows)])
    return 0


def _rows(benchmarks: Sequence[Benchmark]) -> Iterator[Row]:
    for benchmark in benchmarks:
        yield from benchmark.rows()


def _markdown(rows: Mapping[str, Sequence[Row]]) -> Iterator[str]:
    yield "| subject | figure | value | aim | note |"
    yield "|---|---|---|---|---|"
    for name, found in rows.items():
        for row in found:
            yield f"| {name} | {row.name} | {row.value:.3g} | {row.aim} | {row.note} |"

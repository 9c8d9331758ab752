"""``verilimit probe --checkpoint``: what trained weights say, layer by layer and head by head."""

import csv as table_writer
import io
import json as text
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from checks.app.screen import console
from checks.properties.checkpoint_map import ORDERS
from checks.properties.required import Answer, answer, read_required, status_of
from checks.properties.weighed import Figures, Weighed, weigh
from checks.suite.files import require_apart, require_writable, write_text
from checks.suite.house import House
from checks.suite.problem import InputProblem

CELL = 20


def probe_weights(
    checkpoints: Sequence[Path],
    described: Path | None,
    room: str | None,
    house: House,
    *,
    require: Sequence[str] = (),
    json: Path | None = None,
    csv: Path | None = None,
    plot: Path | None = None,
) -> int:
    """Print spectral norms, SEC, entropy bounds, and what the rooms' assumptions become.

    Several checkpoints are a series, in their order. The exit status is 1 when something that is
    required is not met, 3 when it cannot be decided, else 0.
    """
    if not checkpoints or room is not None:
        raise InputProblem(
            expected="--checkpoint DIR, FILE or INDEX, without a room",
            received=f"the room {room}, too" if room else "no checkpoint",
            remedy="docs/probes.md, “A trained checkpoint”, has an example.",
        )
    require_apart(json=json, csv=csv, plot=plot)
    for path, option, begins in ((json, "--json", "{"), (csv, "--csv", "c"), (plot, "--plot", "<")):
        require_writable(path, option, begins)
    if plot is not None and plot.suffix != ".svg":
        raise InputProblem(
            expected="--plot to name an .svg file", received=str(plot), remedy="Rename it."
        )
    wanted = [read_required(r) for r in require]
    series = [weigh(path, described, house) for path in checkpoints]
    _require_one_model(series)
    answers = [(w, answer(r, w)) for w in series for r in wanted]
    _write(series, answers, json, csv, plot)
    if len(series) == 1:
        _print_heads(series[0])
    else:
        _print_series(series)
    for weighed, found in answers:
        word = {True: "met", False: "NOT MET", None: "UNDECIDED"}[found.met]
        where = f" ({weighed.path})" * (len(series) > 1)
        _say(f"{word}: {found.text}: {found.words}{where}")
    return status_of([found for _, found in answers])


def _require_one_model(series: Sequence[Weighed]) -> None:
    kinds = {
        (w.family, w.table.layers, w.table.heads, w.heads[0].Wq.shape, *w.figures[0]): w.path
        for w in series
    }
    if len(kinds) > 1:
        raise InputProblem(
            expected="a series of checkpoints of one model",
            received=f"several, as {' and '.join(map(str, kinds.values()))} are",
            remedy="Probe them one by one.",
        )


def _say(line: str) -> None:
    console().print(line, markup=False, soft_wrap=True)


def _print_heads(weighed: Weighed) -> None:
    _print_what_it_is(weighed, weighed.meanings)
    _say(f"{'layer':>5} {'head':>4}" + "".join(f"{n:>{CELL}}" for n in weighed.figures[0]))
    for head, now, then in zip(weighed.heads, weighed.figures, weighed.start, strict=True):
        cells = (f"{_cell(now[n], then[n]):>{CELL}}" for n in now)
        _say(f"{head.layer:>5} {head.head:>4}" + "".join(cells))
    _say("")
    for about, finding in weighed.findings:
        word = "yes" if finding.satisfied else "no "
        _say(f"{word} {about}/{finding.assumption}: {finding.words}")


def _print_what_it_is(weighed: Weighed, meanings: Sequence[str]) -> None:
    table, head = weighed.table, weighed.heads[0]
    _say(f"{table.layers} layers, {table.heads} heads, embedding {head.Wq.shape[1]}, "
         f"head dimension {len(head.Wq)}")  # fmt: skip
    if weighed.family is not None:
        _say(f"read as config.json says: {weighed.family}")
    elif table.fused_order is not None:
        chosen = "as the map says" if "fused_order" in table.said else "fused_order is not given"
        _say(f"fused tensors hold {ORDERS[table.fused_order]}: {chosen}")
    for meaning in meanings:
        _say(meaning)
    std = table.init_std
    like = f"the standard deviation {std:g}" if std else "the norms of the trained ones"
    _say(f"in brackets: one draw of Gaussian weights with {like}, as before training")


def _cell(now: float | None, then: float | None) -> str:
    values = ("-" if x is None else f"{x:.4g}" for x in (now, then))
    return "{} ({})".format(*values)


def _print_series(series: Sequence[Weighed]) -> None:
    _print_what_it_is(series[-1], tuple(dict.fromkeys(m for w in series for m in w.meanings)))
    names = _labels(series)
    wide = max(map(len, (*names, "checkpoint")))
    columns = ("least", "median", "largest", "at start")
    for figure in series[0].figures[0]:
        _say("")
        _say(f"{figure} of all heads")
        _say(f"{'checkpoint':<{wide}}" + "".join(f"{c:>12}" for c in columns))
        for name, weighed in zip(names, series, strict=True):
            spread = (*_spread(weighed.figures, figure), _spread(weighed.start, figure)[1])
            cells = ("-" if np.isnan(x) else f"{x:.4g}" for x in spread)
            _say(f"{name:<{wide}}" + "".join(f"{c:>12}" for c in cells))


def _spread(rows: Sequence[Figures], figure: str) -> tuple[float, float, float]:
    """Least, median and largest over the heads that have the figure; NaN where none has."""
    values = [x for row in rows if (x := row.get(figure)) is not None]
    if not values:
        return np.nan, np.nan, np.nan
    return min(values), float(np.median(values)), max(values)


def _labels(series: Sequence[Weighed]) -> list[str]:
    """Short names: the last part of each path that tells them apart, else the paths."""
    for part in (lambda p: p.stem if p.is_file() else p.name, lambda p: p.parent.name):
        names = [part(w.path) for w in series]
        if len(set(names)) == len(names):
            return names
    return [str(w.path) for w in series]


def _write(
    series: Sequence[Weighed],
    answers: Sequence[tuple[Weighed, Answer]],
    json: Path | None,
    csv: Path | None,
    plot: Path | None,
) -> None:
    if json is not None:
        required = [{"checkpoint": str(w.path), **a.to_json()} for w, a in answers]
        content = {"checkpoints": [w.to_json() for w in series], "required": required}
        write_text(json, text.dumps(content, indent=2, allow_nan=False) + "\n")
    if csv is not None:
        write_text(csv, _csv(series))
    if plot is not None:
        from checks.report.charts import svg

        figures = list(series[0].figures[0])
        drawing = svg(lambda axes: _draw(axes, series, figures), "series", axes=len(figures))
        write_text(plot, str(drawing) + "\n")


def _csv(series: Sequence[Weighed]) -> str:
    buffer, figures = io.StringIO(), list(series[0].figures[0])
    writer = table_writer.writer(buffer, lineterminator="\n")
    writer.writerow(
        ["checkpoint", "layer", "head", *figures, *(f"{figure} at start" for figure in figures)]
    )
    for weighed in series:
        for head, *rows in zip(weighed.heads, weighed.figures, weighed.start, strict=True):
            values = [row.get(figure) for row in rows for figure in figures]
            writer.writerow([weighed.path, head.layer, head.head, *values])
    return buffer.getvalue()


def _draw(axes: Any, series: Sequence[Weighed], figures: Sequence[str]) -> None:
    """Least to largest and median over the heads, along the series; dashed: before training."""
    names = _labels(series)
    steps = [int(n[-1]) if (n := re.findall(r"\d+", name)) else -1 for name in names]
    ordered = steps == sorted(set(steps)) and steps[0] >= 0
    at = steps if ordered else list(range(len(series)))
    for ax, figure in zip(np.atleast_1d(axes), figures, strict=True):
        now = np.array([_spread(w.figures, figure) for w in series])
        ax.fill_between(at, now[:, 0], now[:, 2], alpha=0.25)
        ax.plot(at, now[:, 1], "o-", ms=3)
        ax.plot(at, [_spread(w.start, figure)[1] for w in series], "--", lw=1)
        ax.set_title(figure)
        if not ordered:
            ax.set_xticks(at, names, rotation=90)

"""Everything that is said of one checkpoint: figures of each head, what they were, assumptions."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from checks.properties.checkpoint import Head, heads_of
from checks.properties.checkpoint_map import WEIGHTS, Map, make_map, read_toml
from checks.properties.families import map_of_family, read_config
from checks.properties.tensors import Tensors, open_checkpoint, problem
from checks.properties.trained import Finding, Measured, columns, findings, measure
from checks.suite.house import House

Figures = Mapping[str, float | None]  # None: does not exist for this head
PARTS = ("Wq", "Wk", "Wv")
NORMS = ("s1(Wq)", "s1(Wk)", "s1(Wv)", "s1(logits)")


@dataclass(frozen=True)
class Weighed:
    """One checkpoint: a row of figures a head, and the same for weights before training."""

    path: Path
    table: Map
    family: str | None
    heads: tuple[Head, ...]
    meanings: tuple[str, ...]
    figures: tuple[Figures, ...]
    start: tuple[Figures, ...]
    findings: tuple[tuple[str, Finding], ...]

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "checkpoint": str(self.path), "family": self.family, "meaning": list(self.meanings),
            "heads": [
                {"layer": h.layer, "head": h.head, "figures": dict(now), "at_start": dict(then)}
                for h, now, then in zip(self.heads, self.figures, self.start, strict=True)
            ],
            "findings": [
                {"room": room, "assumption": f.assumption, "satisfied": f.satisfied,
                 "words": f.words}
                for room, f in self.findings
            ],
        }  # fmt: skip


def weigh(path: Path, described: Path | None, house: House) -> Weighed:
    """Read a checkpoint and all that the rooms say of it; raises `InputProblem` for a bad one."""
    tensors = open_checkpoint(path)
    found, family = _found(path, described, tensors)
    table = make_map(found)
    heads = heads_of(tensors, table)
    added = tuple(columns(house, table, heads))
    measured = [measure(head) for head in heads]

    def figures(head: Head, known: Measured | None = None) -> Figures:
        m = known or measure(head)
        norms = (m.sigma_q, m.sigma_k, m.sigma_v, m.sigma_logits)
        more = {n: x for c in added for n, x in zip(c.names, c.figures(head), strict=True)}
        return {**dict(zip(NORMS, norms, strict=True)), **more}

    return Weighed(
        path=path, table=table, family=family, heads=heads,
        meanings=tuple(c.meaning for c in added),
        figures=tuple(map(figures, heads, measured)), start=_at_start(heads, table, figures),
        findings=tuple(findings(house, heads, measured)),
    )  # fmt: skip


def _found(
    path: Path, described: Path | None, tensors: Tensors
) -> tuple[dict[str, Any], str | None]:
    """The keys of the map: those of the file, else of the family, which the file may correct."""
    given = {} if described is None else read_toml(described)
    if set(given) & set(WEIGHTS):
        return given, None
    place = (path if path.is_dir() else path.parent) / "config.json"
    if not place.is_file():
        raise problem(
            f"{place}, or --map with the names of queries, keys and values", "neither",
            "Nothing is guessed from names of tensors; docs/probes.md describes the map.",
        )  # fmt: skip
    config = read_config(place)
    return {**map_of_family(config, tensors), **given}, str(config["model_type"])


def _at_start(
    heads: tuple[Head, ...], table: Map, figures: Callable[[Head], Figures]
) -> tuple[Figures, ...]:
    """Figures of one draw of Gaussian weights, without biases and with gains one.

    Their standard deviation is that of the map, or that of the trained weights, matrix by matrix.
    """
    known: dict[Any, Figures] = {}

    def drawn(head: Head) -> Figures:
        random = np.random.default_rng(0)

        def normal(w: np.ndarray) -> np.ndarray:
            std = float(np.sqrt((w**2).mean())) if table.init_std is None else table.init_std
            return std * random.standard_normal(w.shape)

        zero, gains = np.zeros(len(head.Wq)), None if head.logits.gains is None else (1.0, 1.0)
        made = replace(head, bq=zero, bk=zero, logits=replace(head.logits, gains=gains))
        if table.init_std is None:
            return figures(replace(made, **{n: normal(getattr(head, n)) for n in PARTS}))
        kind = (*(getattr(head, n).shape for n in PARTS), made.logits)
        if kind not in known:
            known[kind] = figures(replace(made, **{n: normal(getattr(head, n)) for n in PARTS}))
        return known[kind]

    return tuple(map(drawn, heads))

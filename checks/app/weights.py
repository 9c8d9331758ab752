"""``verilimit probe --checkpoint``: what trained weights say, layer by layer and head by head."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from checks.app.screen import console
from checks.properties.checkpoint import read_heads
from checks.properties.checkpoint_map import ORDERS, read_map
from checks.properties.trained import Columns, Measured, columns, findings, measure
from checks.suite.house import House
from checks.suite.problem import InputProblem


def probe_weights(
    checkpoint: Path | None, described: Path | None, room: str | None, house: House
) -> int:
    """Print spectral norms, SEC, entropy bounds, and what the rooms' assumptions become."""
    if checkpoint is None or described is None or room is not None:
        raise InputProblem(
            expected="--checkpoint FILE and --map FILE, without a room",
            received="one without the other" if room is None else f"the room {room}, too",
            remedy="docs/probes.md, “A trained checkpoint”, has an example.",
        )
    table = read_map(described)
    heads = read_heads(checkpoint, table)
    measured = [measure(head) for head in heads]
    screen = console()

    def say(text: str) -> None:
        screen.print(text, markup=False, soft_wrap=True)

    say(f"{table.layers} layers, {table.heads} heads, embedding {heads[0].Wq.shape[1]}, "
        f"head dimension {len(heads[0].Wq)}")  # fmt: skip
    if table.fused_order is not None:
        chosen = "as the map says" if "fused_order" in table.said else "fused_order is not given"
        say(f"fused tensors hold {ORDERS[table.fused_order]}: {chosen}")
    added = tuple(columns(house, table, heads))
    for room_columns in added:
        say(room_columns.meaning)
    say(_header(added))
    for head, m in zip(heads, measured, strict=True):
        say(_row(m, (x for c in added for x in c.figures(head))))
    say("")
    for about, finding in findings(house, heads, measured):
        word = "yes" if finding.satisfied else "no "
        say(f"{word} {about}/{finding.assumption}: {finding.words}")
    return 0


def _header(added: Sequence[Columns]) -> str:
    names = ("s1(Wq)", "s1(Wk)", "s1(Wv)", "s1(logits)", *(n for c in added for n in c.names))
    return f"{'layer':>5} {'head':>4}" + "".join(f"{name:>11}" for name in names)


def _row(m: Measured, figures: Iterable[float | None]) -> str:
    everything = (m.sigma_q, m.sigma_k, m.sigma_v, m.sigma_logits, *figures)
    return f"{m.layer:>5} {m.head:>4}" + "".join(
        f"{'-':>11}" if x is None else f"{x:>11.4g}" for x in everything
    )

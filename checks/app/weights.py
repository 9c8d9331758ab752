"""``verilimit probe --checkpoint``: what trained weights say, layer by layer and head by head."""

from math import floor, log10
from pathlib import Path

from checks.app.screen import console
from checks.properties.checkpoint import Head, read_heads
from checks.properties.checkpoint_map import ORDERS, Map, read_map
from checks.properties.trained import Measured, findings, measure
from checks.suite.problem import InputProblem


def probe_weights(checkpoint: Path | None, described: Path | None, room: str | None) -> int:
    """Print spectral norms, SEC, entropy bounds, and what the rooms' assumptions become."""
    if checkpoint is None or described is None or room is not None:
        raise InputProblem(
            expected="--checkpoint FILE and --map FILE, without a room",
            received="one without the other" if room is None else f"the room {room}, too",
            remedy="docs/probes.md, “A trained checkpoint”, has an example.",
        )
    table = read_map(described)
    heads = read_heads(checkpoint, table)
    measured = [measure(head, table.tokens, table.token_norms) for head in heads]
    screen = console()

    def say(text: str) -> None:
        screen.print(text, markup=False, soft_wrap=True)

    say(f"{table.layers} layers, {table.heads} heads, embedding {heads[0].Wq.shape[1]}, "
        f"head dimension {len(heads[0].Wq)}")  # fmt: skip
    if table.fused_order is not None:
        chosen = "as the map says" if "fused_order" in table.said else "fused_order is not given"
        say(f"fused tensors hold {ORDERS[table.fused_order]}: {chosen}")
    say(_meaning(table, heads))
    say(_header(table))
    for m in measured:
        say(_row(m, table.entropy))
    say("")
    for finding in findings(heads, measured):
        word = "yes" if finding.satisfied else "no "
        say(f"{word} {finding.room}/{finding.assumption}: {finding.words}")
    return 0


def _meaning(table: Map, heads: tuple[Head, ...]) -> str:
    """For which attention the bound holds."""
    if not table.entropy:
        return "no bound of the entropy: the map says entropy = false"
    kinds = dict.fromkeys(
        h.logits.in_words(len(h.Wq), bool(h.bq.any()), bool(h.bk.any())) for h in heads
    )
    return (
        f"H(r): no query has less entropy, as a share of log {table.tokens}, over {table.tokens} "
        f"tokens of norm at most r (as they enter Wq and Wk), in attention "
        f"{' or, in other heads, '.join(kinds)}. It is no bound for attention over fewer tokens, "
        f"nor with anything else in the logits: QK-norm, ALiBi, relative position biases, sinks."
    )


def _header(table: Map) -> str:
    norms = "".join(f"{f'H({r:g})':>11}" for r in table.token_norms if table.entropy)
    names = ("s1(Wq)", "s1(Wk)", "s1(Wv)", "s1(logits)", "SEC(1)", "SEC(4)")
    return f"{'layer':>5} {'head':>4}" + "".join(f"{name:>11}" for name in names) + norms


def _row(m: Measured, entropy: bool) -> str:
    figures = "".join(f"{x:>11.4g}" for x in (m.sigma_q, m.sigma_k, m.sigma_v, m.sigma_logits))
    sec = "".join(f"{x:>11.4g}" for x in m.sec) if m.sec else f"{'-':>11}" * 2
    least = "".join(f"{_rounded_down(share):>11.4g}" for share in m.entropy if entropy)
    return f"{m.layer:>5} {m.head:>4}{figures}{sec}{least}"


def _rounded_down(share: float) -> float:
    """To four digits, and never upwards: the entropy would be below what is printed."""
    if share <= 0:
        return 0.0
    unit = 10.0 ** (floor(log10(share)) - 3)
    return floor(share / unit) * unit

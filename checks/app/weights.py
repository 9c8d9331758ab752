"""``verilimit probe --checkpoint``: what trained weights say, layer by layer and head by head."""

from pathlib import Path

from checks.app.screen import console
from checks.properties.checkpoint import Map, read_heads, read_map
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
    say(f"least entropy as a share of log {table.tokens}, for tokens of the given norm")
    say(_header(table))
    for m in measured:
        say(_row(m))
    say("")
    for finding in findings(heads, measured):
        word = "yes" if finding.satisfied else "no "
        say(f"{word} {finding.room}/{finding.assumption}: {finding.words}")
    return 0


def _header(table: Map) -> str:
    norms = "".join(f"{f'H({r:g})':>11}" for r in table.token_norms)
    names = ("s1(Wq)", "s1(Wk)", "s1(Wv)", "s1(logits)", "SEC(1)", "SEC(4)")
    return f"{'layer':>5} {'head':>4}" + "".join(f"{name:>11}" for name in names) + norms


def _row(m: Measured) -> str:
    figures = (m.sigma_q, m.sigma_k, m.sigma_v, m.sigma_logits, *m.sec)
    entropy = "".join(f"{share:>11.4g}" for share in m.entropy)
    return f"{m.layer:>5} {m.head:>4}" + "".join(f"{x:>11.4g}" for x in figures) + entropy

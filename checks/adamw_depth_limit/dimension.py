"""Claims about the numbers of tokens and of dimensions."""

from typing import Any

import numpy as np

from checks.adamw_depth_limit.statements import state
from checks.verdicts import Column, Experiment, IndependenceClaim, With, drifting
from numerics.adamw_depth_limit.dimension_problems import dimension
from numerics.adamw_depth_limit.head_noise import tokens as simulate_tokens
from numerics.engine.measuring import Size, Table


# Tokens and embedding dimension.
def token_error(size: Size, table: Table, summed: bool = False, power: float = 0.0) -> np.ndarray:
    """States and adjoints, times N^power.

    ``summed``: of a loss summed over tokens, so adjoints times N.
    """
    adjoints = (size["N"] if summed else 1) * table["adjoints"]
    return size["N"] ** power * np.hypot(table["states"], adjoints)


no_growth: dict[str, Any] = {"kind": "no growth", "margin": 0.25}
tokens = Experiment(state.name("tokens"), simulate_tokens)
token_claim = state(
    IndependenceClaim,
    "tokens",
    "Error after training does not grow by a quarter with the number of tokens of nearly one "
    "measure",
    tokens.column(token_error),
    {
        "summed": ("loss summed over tokens, so adjoints of order $N$", With(summed=True)),
        "quarter": ("an error that grows like $N^{1/4}$", With(power=0.25)),
        "always-smaller": ("a fall by 4 claimed", drifting("N", 6.0, "no growth")),
    },
    source="abstract",
    sizes={
        "smoke": {"N": [2, 4, 8]},
        "standard": {"N": [2, 4, 8, 16, 64]},
        "full": {"N": [2, 4, 8, 16, 32, 64, 128]},
    },
    **no_growth,
)


def dimension_claims() -> tuple[IndependenceClaim, ...]:
    """Blockwise AdamW does not see the dimension, entrywise AdamW does."""
    dimensions: dict[str, Any] = {
        "seeds": {"smoke": 32, "standard": 64, "full": 128},
        "cap": {"smoke": 64, "standard": 128, "full": 256},
        "sizes": {
            "smoke": {"d": [2, 4, 8, 16]},
            "standard": {"d": [2, 4, 8, 16, 64]},
            "full": {"d": [2, 4, 8, 16, 32, 64]},
        },
    }
    whole = Experiment("adamw-depth-limit/dimension", dimension)
    blocks = whole.changed("blocks", blockwise=1.0)
    entries = whole.changed("entries", blockwise=0.0)
    means = whole.changed("means", blockwise=1.0, mean=True)
    first_blocks = whole.changed("first-blocks", blockwise=1.0, steps=1)
    first_entries = whole.changed("first-entries", blockwise=0.0, steps=1)
    by_entry, by_block = "AdamW entry by entry", "one second moment a matrix"
    mean = "$v$ the mean of the squares of a block, not their sum"

    def left(run: Experiment, power: float = 0.25) -> Column:
        """Does not grow when the error grows at least as d^power."""
        return run.column(lambda size, table: size["d"] ** power / table["error"])

    def moved(run: Experiment, power: float = 1.0) -> Column:
        return run.column(lambda size, table: table["moved"] / size["d"] ** power)

    def blockwise(what: str, words: str, source: str) -> IndependenceClaim:
        return state(
            IndependenceClaim,
            f"blockwise-{what}",
            f"Blockwise AdamW: {words}",
            blocks[what],
            {"entrywise": (by_entry, entries[what]), "mean": (mean, means[what])},
            source=source,
            **dimensions,
            **no_growth,
        )

    return (
        blockwise("error", "error does not grow by a quarter with $d$", "abstract"),
        blockwise("norm", "norms of values grow by less than a quarter with $d$", "reconstructed"),
        state(
            IndependenceClaim,
            "entrywise-error",
            "Entrywise AdamW: error grows at least as $d^{1/4}$",
            left(entries),
            {
                "blockwise": (by_block, left(blocks)),
                "linear": ("growth as $d$ claimed", left(entries, 1.0)),
            },
            **dimensions,
            **no_growth,
        ),
        state(
            IndependenceClaim,
            "entrywise-moves",
            "The first step of entrywise AdamW moves values by order $d$ in Frobenius norm",
            moved(first_entries),
            {
                "blockwise": (by_block, moved(first_blocks)),
                "root": ("by order $d^{1/2}$ claimed", moved(first_entries, 0.5)),
                "four-steps": ("four steps, of which the later move less", moved(entries)),
            },
            margin=0.1,
            **dimensions,
        ),
    )

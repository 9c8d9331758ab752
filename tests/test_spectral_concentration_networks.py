"""What the claims measure: slacks at sizes no claim uses, events of networks, numbers of hulls."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.spatial import ConvexHull

from checks.spectral_concentration import attention_bounds as bounds
from checks.spectral_concentration import (
    capped_steps,
    collapse_bounds,
    late_events,
    network_events,
    spectral_bounds,
)
from numerics.engine import quick
from numerics.generated import spectral_concentration as generated
from numerics.spectral_concentration.reversal import Arm, Record, Task, crashed, train

KEYS = np.array([[7, seed] for seed in range(50)], dtype=np.uint32)
SLACKS = [
    (bounds.entropy_slack, {"tokens": 5}),
    (bounds.layer_entropy_slack, {"tokens": 6, "dq": 9}),
    (bounds.jacobian_slack, {"tokens": 7}),
    (spectral_bounds.perturbation_slack, {"m": 6, "n": 4, "s": 2}),
    (spectral_bounds.power_slack, {"m": 4, "n": 4, "rounds": 2}),
    (collapse_bounds.rank_one_slack, {"n": 5, "d": 3, "dq": 2}),
    (collapse_bounds.benign_slack, {"n": 5, "d": 6, "dq": 2}),
    (collapse_bounds.hull_slack, {"n": 12, "d": 4, "r": 4}),
    (collapse_bounds.delay_slack, {"tokens": 5, "dq": 3}),
    (spectral_bounds.horn_slack, {"n": 5, "d": 7, "dv": 3}),
    (spectral_bounds.entry_slack, {"steps": 12}),
    (capped_steps.weyl_slack, {"m": 3, "n": 5, "steps": 20}),
]


@pytest.mark.parametrize(("slack", "size"), SLACKS, ids=lambda x: getattr(x, "__name__", ""))
def test_inequalities_hold_at_sizes_that_no_claim_uses(slack, size: dict[str, int]) -> None:
    assert slack(size, KEYS).min() >= -1.0


def test_identities_hold_at_sizes_that_no_claim_uses() -> None:
    assert bounds.gradient_residual({"d": 3, "n": 4, "dq": 5, "dv": 2}, KEYS).max() < 1e-11
    assert bounds.concentration_residual({"dq": 7, "d": 3, "s": 1}, KEYS).max() < 1e-11


@pytest.mark.slow
def test_training_crashes_without_the_cap_and_learns_with_it() -> None:
    task = Task(tokens=8, steps=100)
    plain, capped = (train(KEYS[:4], arm, task) for arm in (Arm(), Arm(tau=0.01)))
    assert crashed(plain, task).all()
    assert not crashed(capped, task).any()
    assert capped.accuracy[:, -1].min() > 0.9
    assert capped.rank[:, -1].min() > 6 > 3 > np.median(plain.rank[:, -1])


def test_a_record_interval_that_does_not_fit_is_named() -> None:
    with pytest.raises(ValueError, match="multiple"):
        train(KEYS[:1], Arm(), Task(steps=30))


def records(**fields) -> Record:
    """A record of one seed, one layer and three times; fields are lists of three numbers."""
    plain = {"loss": [2.0, 0.1, 2.7], "accuracy": [0.1, 1.0, 0.1], "entropy": [2.0, 0.0, 0.0],
             "rank": [8.0, 16.0, 2.0], "concentration": [0.5, 0.6, 0.99]}  # fmt: skip
    rows = {name: np.array([values]) for name, values in {**plain, **fields}.items()}
    layers = {name: rows[name][..., None] for name in ("entropy", "rank", "concentration")}
    others = ("spectrum", "of_values", "of_strangers")
    rest = dict.fromkeys(others, layers["concentration"])
    return Record(**{**rows, **layers, **rest, "rate": np.ones((1, 3))})


@pytest.mark.parametrize(
    ("fields", "events"),
    [
        ({}, [1, 1, 1, 1]),
        ({"accuracy": [0.1, 0.9, 0.1]}, [0, 1, 1, 1]),
        ({"rank": [8.0, 10.0, 2.0]}, [1, 0, 1, 1]),
        ({"loss": [2.0, 0.1, 0.1]}, [1, 1, 0, 1]),
        ({"rank": [8.0, 16.0, 16.0]}, [1, 1, 1, 0]),
    ],
)
def test_a_transition_is_learning_first_and_malignant_collapse_later(
    monkeypatch: pytest.MonkeyPatch, fields: dict, events: list[int]
) -> None:
    networks = capped_steps.Networks({"tokens": 16, "layers": 1, "steps": 75}, KEYS[:1])
    monkeypatch.setattr(networks, "history", lambda _: records(**fields))
    assert network_events.transition_events(networks).tolist() == [events]


@pytest.mark.parametrize(("r", "attended"), [(1, 2.0), (2, 7.8), (3, 13.5)])
def test_attended_tokens_are_as_many_as_the_sheet_measured(r: int, attended: float) -> None:
    """Gaussian tokens, n = 64, W = U_r S V_r^T at a huge scale; never more than hull vertices."""
    counts, vertices = [], []
    for seed in range(200):
        random = np.random.default_rng([r, seed])
        y, g = random.standard_normal((2, 64, r))
        counts.append(len(set((y @ g.T).argmax(axis=0).tolist())))
        vertices.append(2 if r == 1 else len(ConvexHull(y).vertices))
    assert np.all(np.array(counts) <= vertices)
    error = np.std(counts) / 200**0.5
    assert np.mean(counts) == pytest.approx(attended, abs=4 * error + 0.15)


@pytest.mark.parametrize("tokens", [2, 16, 1024])
def test_at_a_large_norm_the_bound_is_its_leading_term(tokens: int) -> None:
    """Between 1 / (1 + x) times (1 + c) and 1 / (1 + x) + c, c = sqrt((T - 1) / T) / nu."""
    for norm in (20.0, 100.0, 400.0):
        beta = np.exp(-norm * (tokens / (tokens - 1)) ** 0.5)
        leading, x = norm * (tokens * (tokens - 1)) ** 0.5 * beta, (tokens - 1) * beta
        share = float(generated.entropy_lower_bound(float(tokens), norm)) / leading
        c = ((tokens - 1) / tokens) ** 0.5 / norm
        slack = 1e-12 * norm  # the exponential of the norm loses that much
        assert (1 + c) / (1 + x) - slack <= share <= 1 / (1 + x) + c + slack


def test_quick_programs_agree_with_ordinary_ones_and_unknown_options_are_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    x = jnp.linspace(0.0, 1.0, 7)
    for level in (0, 1):
        fast = quick.quick_jit(lambda x: jnp.cumsum(jnp.sin(x)), level=level)
        assert np.allclose(fast(x), jax.jit(lambda x: jnp.cumsum(jnp.sin(x)))(x), rtol=1e-14)
        asked = {quick.LEVEL: level, **quick.OPTIONS}
        assert quick.known_options(level) == asked  # of the pinned version: or it got slow
    quick.known_options.cache_clear()
    monkeypatch.setattr(quick, "OPTIONS", {"xla_no_such_option": 1})
    assert quick.known_options(1) == {quick.LEVEL: 1}
    quick.known_options.cache_clear()


def test_an_area_counts_pairs_a_tie_half_and_says_nothing_without_both_kinds() -> None:
    scores, crash = np.array([3.0, 1.0, 2.0, 2.0, 5.0]), np.array([1, 0, 1, 0, 0], dtype=bool)
    pairs = [(a > b) + (a == b) / 2 for a in scores[crash] for b in scores[~crash]]
    assert late_events.area(scores, crash) == np.mean(pairs)
    assert late_events.area(np.ones(5), crash) == 0.5
    assert late_events.area(scores, np.ones(5, dtype=bool)) == 0.5

"""`probe_attention` passes softmax attention and fails attention that breaks a law, saying how."""

import re
from collections.abc import Callable

import numpy as np
import pytest

from checks.properties.attention_laws import LAWS, probe_attention
from tests.conftest import ROOT

pytest_plugins = ("pytester",)
Array = np.ndarray


def softmax_attention(X: Array, V: Array) -> Array:
    logits = X @ X.T
    weight = np.exp(logits - logits.max(axis=1, keepdims=True))
    return weight / weight.sum(axis=1, keepdims=True) @ X @ V.T


def causal(X: Array, V: Array) -> Array:
    logits = np.where(np.tri(len(X), dtype=bool), X @ X.T, -np.inf)
    weight = np.exp(logits - logits.max(axis=1, keepdims=True))
    return weight / weight.sum(axis=1, keepdims=True) @ X @ V.T


def hard(X: Array, V: Array) -> Array:
    return X[np.argmax(X @ X.T, axis=1)] @ V.T


def unnormalised(X: Array, V: Array) -> Array:
    return np.exp(X @ X.T) @ X @ V.T


def transposed(X: Array, V: Array) -> Array:
    return softmax_attention(X, V.T)


def off_by_one(X: Array, V: Array) -> Array:
    weight = np.exp(X @ X.T)
    return weight / (1 + weight.sum(axis=1, keepdims=True)) @ X @ V.T


def without_itself(X: Array, V: Array) -> Array:
    """Right for one token, and for several the normaliser counts a token that is left out."""
    weight = np.exp(X @ X.T)
    total = weight.sum(axis=1, keepdims=True)
    return (weight - (len(X) > 1) * np.diag(np.diag(weight))) / total @ X @ V.T


def saturated(X: Array, V: Array) -> Array:
    return np.tanh(softmax_attention(X, V))


def weighted(weights: Callable[[Array], Array]) -> Callable[[Array, Array], Array]:
    return lambda X, V: weights(X @ X.T) @ X @ V.T


def normal(w: Array) -> Array:
    return w / w.sum(axis=1, keepdims=True)


def stable(z: Array, axis: int | None = 1) -> Array:
    return np.exp(z - z.max(axis=axis, keepdims=True))


def masked(z: Array, diagonal: int = 0) -> Array:
    return np.where(np.tri(len(z), k=diagonal, dtype=bool), z, -np.inf)


SLIPS = {
    "softmax over the wrong axis": lambda z: stable(z, 0) / stable(z, 0).sum(axis=0),
    "a maximum over the wrong axis": lambda z: normal(np.exp(z - z.max(axis=0, keepdims=True))),
    "a normaliser of all": lambda z: len(z) * stable(z, None) / stable(z, None).sum(),
    "no shift": lambda z: normal(np.exp(z)),
}
CAUSAL_SLIPS = {
    "a mask that adds one": lambda z: normal(stable(z - (1 - np.tri(len(z))))),
    "a mask that multiplies logits": lambda z: normal(stable(z * np.tri(len(z)))),
    "a mask that sees the next": lambda z: normal(stable(masked(z, 1))),
    "a mask without itself": lambda z: normal(stable(np.maximum(masked(z, -1), -1e30))),
    "a mask the other way": lambda z: normal(stable(masked(z.T).T)),
    "no mask": lambda z: normal(stable(z)),
}


SEEN, STABLE, BEFORE = (
    "rows are convex combinations", "large logits", "later tokens change nothing",
)  # fmt: skip


@pytest.mark.parametrize("slip", SLIPS)
def test_a_slip_in_the_softmax_breaks_a_law(slip: str) -> None:
    law = STABLE if slip in ("no shift", "a maximum over the wrong axis") else SEEN
    with pytest.raises(pytest.fail.Exception, match=f"lacks {law}"):
        probe_attention(weighted(SLIPS[slip]))(law)


@pytest.mark.parametrize("slip", CAUSAL_SLIPS)
def test_a_slip_in_the_mask_breaks_a_law(slip: str) -> None:
    law = SEEN if slip in ("a mask without itself", "a mask the other way") else BEFORE
    with pytest.raises(pytest.fail.Exception, match=f"lacks {law}"):
        probe_attention(weighted(CAUSAL_SLIPS[slip]), causal=True)(law)


def failing_law(attention: Callable[[Array, Array], Array], law: str) -> str:
    test = probe_attention(attention, examples=300)
    with pytest.raises(pytest.fail.Exception) as failed:
        test(law)
    return str(failed.value)


test_softmax_attention_obeys_all_laws = probe_attention(softmax_attention)
test_causal_attention_obeys_its_laws = probe_attention(causal, causal=True)


@pytest.mark.parametrize(
    ("attention", "law"),
    [
        (causal, "permutation equivariance"),
        (hard, "Lipschitz on the ball"),
        (unnormalised, "bounded output"),
        (saturated, "homogeneity"),
        (transposed, "one token gives V x"),
        (transposed, "repeated tokens give V x"),
        (off_by_one, "one token gives V x"),
        (off_by_one, "repeated tokens give V x"),
        (without_itself, "repeated tokens give V x"),
    ],
)
def test_a_broken_law_is_found(attention: Callable[[Array, Array], Array], law: str) -> None:
    message = failing_law(attention, law)
    assert f"{attention.__name__} lacks {law}" in message
    assert "X = np.array(" in message


def test_not_a_number_is_found() -> None:
    message = failing_law(lambda X, V: X * np.nan, "bounded output")
    assert "an output is not finite" in message


def test_an_unknown_law_is_refused() -> None:
    with pytest.raises(ValueError, match="received beauty"):
        probe_attention(softmax_attention, laws=("beauty",))


def test_the_documented_example_fails_as_documented(pytester: pytest.Pytester) -> None:
    text = (ROOT / "docs" / "probes.md").read_text(encoding="utf-8")
    (code,) = (c for c in re.findall(r"```python\n(.*?)```", text, re.DOTALL) if "test_mine" in c)
    pytester.makepyfile(test_mine=code)
    done = pytester.runpytest_subprocess("-q", "-p", "no:cacheprovider")
    done.assert_outcomes(passed=len(LAWS) - 1, failed=1)
    done.stdout.fnmatch_lines(["*my_attention lacks permutation equivariance*"])

"""Property tests of a user's own attention: what the rooms assume of it, in one line of pytest.

``test_my_attention = probe_attention(my_attention)`` in a test file makes one test item a law.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import pytest
from hypothesis import settings

from checks.properties.frameworks import Framework
from checks.properties.module_laws import MODULE_LAWS
from checks.properties.modules import AttentionModule
from checks.properties.probe import PROFILES, Found, as_code, search
from checks.properties.value_laws import CAUSAL_LAWS, LAWS, Called, drawn, properties

Attention = Callable[..., Any]  # (tokens, values) -> outputs; rows are tokens
Real = float | int


def probe_attention(
    attention: Attention | AttentionModule,
    *,
    d: int = 2,
    lipschitz: Real = 4.0,
    bound: Real = 1.0,
    rounding: Real | None = None,
    causal: bool = False,
    laws: tuple | None = None,
    examples: int = 100,
    framework: Framework = "numpy",
    dtype: str = "float64",
) -> Callable[[str], None]:
    """A pytest test with one item a law, for ``attention(X, V)`` of tokens X (rows) and values V.

    An `AttentionModule`, which has weights of its own, has laws of its own (docs/probes.md): name
    in ``laws`` those that it promises; besides, ``examples`` is all that it takes here.

    X is (T, d) with T from 1 to 8 and V is (d, d); the result has one row a token. The laws:

    - permutation equivariance: reordering tokens reorders outputs (the McKean-Vlasov limits);
    - Lipschitz on the ball: tokens of the unit ball that move by at most s move an output by at
      most ``lipschitz`` |V| s; the default 4 is that of softmax attention with Q^T K = I;
    - bounded output: outputs of tokens in the unit ball have a norm of at most ``bound`` |V|;
    - homogeneity: of degree one in V (partial homogeneity, as mean-field limits want it);
    - one token gives V x: it can attend to itself only, with weight one. This sees values that are
      multiplied by V^T, and weights that do not sum to one;
    - repeated tokens give V x: so does any number of equal tokens, however they are weighted;
    - rows are convex combinations: with V a rotation, each output coordinate lies between
      the least and the largest of the values that the token may see. This finds weights that are
      normalised over the wrong axis, or over all tokens together, and negative ones;
    - large logits: so it is for tokens 1e4 times as large, whose exponentials overflow without a
      shift by the maximum of the row.

    With ``causal=True`` a token may see itself and those before it: the order matters, so that
    permutation equivariance is left out, and

    - later tokens change nothing: outputs are those of the tokens without the later ones,

    is added. ``laws`` chooses among these. No law knows the scale of the logits: 1/d in place of
    1/sqrt(d) is another attention, and obeys them all.

    X and V are arrays of ``framework`` (``"numpy"``, ``"jax"``, ``"torch"``, or a function that
    makes arrays of NumPy's) and ``dtype``. ``rounding`` is allowed beyond each law; by default it
    is that of the dtype that comes out, 1e-9 in double and 6e-6 in single precision. Raises
    ValueError for a law that is not among these.
    """
    if isinstance(attention, AttentionModule):
        return _probe_module(attention, laws, examples, (d, lipschitz, bound, rounding, causal))
    known = CAUSAL_LAWS if causal else LAWS
    laws = known if laws is None else laws
    if unknown := [law for law in laws if law not in known]:
        raise ValueError(f"expected laws among {', '.join(known)}; received {', '.join(unknown)}")
    called = Called(attention, framework, dtype, rounding)
    checks, inputs = properties(called, lipschitz, bound, causal), drawn(d)
    return law_tests(called.name, {law: (checks[law], inputs[law]) for law in laws}, examples)


def _probe_module(
    module: AttentionModule, laws: tuple | None, examples: int, others: tuple
) -> Callable[[str], None]:
    """The same of a module: laws that it promises, each of parts that it has."""
    if others != (2, 4.0, 1.0, None, False):
        raise ValueError(
            "expected laws and examples alone beside an AttentionModule; d, lipschitz, bound, "
            "rounding and causal are its own fields and laws: name them there"
        )
    parts = module.parts()
    possible = [name for name, law in MODULE_LAWS.items() if set(law.needs) <= set(parts)]
    for law in laws or ("",):
        if law not in possible:
            needs = " and ".join(MODULE_LAWS[law].needs) if law in MODULE_LAWS else ""
            raise ValueError(
                f"expected the laws that the module promises, among {', '.join(possible)}; "
                f"received {law or 'none'}"
                + (f", which needs {needs} of the module" if needs else "")
            )
    chosen = {}
    for name in laws or ():
        law = MODULE_LAWS[name]
        drawn = {"sample": module.samples(law.least), **law.more}
        chosen[name] = (partial(law.holds, module), drawn)
    return law_tests(getattr(module.call, "__name__", "attention"), chosen, examples)


def law_tests(
    name: str, laws: Mapping[str, tuple[Callable[..., None], Mapping[str, Any]]], examples: int
) -> Callable[[str], None]:
    """A parametrised test that looks for a counterexample to each law."""
    profile = settings(PROFILES["ci"], max_examples=examples)

    @pytest.mark.parametrize("law", laws)
    def test_attention(law: str) -> None:
        found = search(*laws[law], profile)
        if found.found is Found.FAILS:
            pytest.fail(_message(name, law, found.counterexample or {}, found.message), False)

    return test_attention


def _message(name: str, law: str, example: Mapping[str, Any], why: str) -> str:
    lines = [f"    {key} = {as_code(value)}" for key, value in example.items()]
    return "\n".join([f"{name} lacks {law}: {why}, for", *lines])

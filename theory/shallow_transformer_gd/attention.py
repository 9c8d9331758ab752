"""One softmax attention head: what its derivatives are, for any number of tokens.

The weights P of a softmax are those of a Gibbs law; its derivatives are cumulants of the tokens
under P: mean a, covariance M, third cumulant. The rule dP_t = P_t (dl_t - sum_s P_s dl_s) gives
them all without the Jacobian of the softmax; the steps prove the rule, and that it gives what the
model with its softmax written out gives.
"""

import sympy as sp

from theory.calculus.expansion import taylor
from theory.calculus.indices import (
    Definition,
    Softmax,
    Term,
    array,
    canonical,
    define,
    free_indices,
    indices,
    instantiate,
    map_terms,
    size,
    substitute,
    symbol,
    total,
    unfold,
)
from theory.codegen.function import Function
from theory.language.step import Step

# A head has weights U (values) and W (query and key merged); q is the query of the input.
T = size("T", "number of tokens")
d = size("d", "dimension of a token")
s, t, v = indices("s t v", T)
i, j, k, l, x1, x2 = indices("i j k l x1 x2", d)  # noqa: E741
X = array("X", T, d, meaning="tokens, T by d, in the unit ball")
W = array("W", d, d, meaning="query-key weights of a head")
U = array("U", d, meaning="value weights of a head")
q = array("q", d, meaning="query of an input: a fixed vector, or its last token")
P = array("P", T, meaning="weights of the softmax")
a = array("a", d, meaning="attention: mean token under P")
eta = array("eta", d)
u = array("u", d, meaning="direction in U")
w = array("w", d, d, meaning="direction in W")
xi = array("xi", d)  # direction (u, w), and xi = w q
eps = symbol("epsilon", latex=r"\varepsilon", positive=True)
z = symbol("z", meaning=r"its input, $\langle u, x_t\rangle$", real=True)


def logit(token: sp.Idx, weights: sp.IndexedBase = W) -> sp.Expr:
    """X_t^T W q."""
    return total(X[token, i] * weights[i, j] * q[j], i, j)


def softmax(logits: sp.Expr, token: sp.Idx) -> sp.Expr:
    """The weight of a token, written out; ``logits`` is given for the token s."""
    return sp.exp(logits.subs(s, token)) / total(sp.exp(logits), s)


def attention(channel: sp.Idx) -> sp.Expr:
    """Head (2) of the paper: the mean token, by the weights P of the softmax."""
    return total(P[t] * X[t, channel], t)


def moved(expression: sp.Expr, change: sp.Expr) -> sp.Expr:
    """The first derivative when the logit of token t moves by ``change``, in terms of P.

    The rule dP_t = P_t (dl_t - sum_s P_s dl_s) is itself a step of the derivation.
    """
    mean = total(P[s] * change.subs(t, s), s)
    nudged = substitute(expression, define(P, (t,), P[t] + eps * P[t] * (change - mean)))
    return taylor(nudged, eps, 2).coefficients[1]


def normalised(expression: sp.Expr) -> sp.Expr:
    """The weights of a softmax sum to one."""

    def rule(term: Term) -> Term:
        for p, f in enumerate(term.factors):
            rest = term.factors[:p] + term.factors[p + 1 :]
            if isinstance(f, sp.Indexed) and f.base == P and f.indices[0] in term.bound:
                token = f.indices[0]
                if token not in set().union(*map(free_indices, rest)):
                    return Term(term.coefficient, rest, tuple(x for x in term.bound if x != token))
        return term

    return map_terms(expression, rule)


def toward(channel: sp.Idx) -> sp.Expr:
    """What a unit of eta in one channel does to the logit of token t."""
    return X[t, channel]


def covariance(left: sp.Idx, right: sp.Idx) -> sp.Expr:
    """M: the second derivative of the log partition function."""
    return moved(attention(left), toward(right))


def third_cumulant() -> sp.Expr:
    """Its third derivative, along U, xi, xi with xi = w q."""
    change = logit(t, w)
    return total(U[k] * moved(moved(attention(k), change), change), k)


def preactivation_curve() -> tuple[sp.Expr, sp.Expr]:
    """First and second derivative of U . a(W q) along (u, w)."""
    change = logit(t, w)
    once = canonical(total(U[k] * moved(attention(k), change) + u[k] * attention(k), k))
    twice = total(2 * u[k] * moved(attention(k), change), k) + third_cumulant()
    return once, canonical(twice)


def centred(token: sp.Idx, vector: sp.IndexedBase) -> sp.Expr:
    """The vector's product with a token, minus its mean."""
    return total(vector[x1] * (X[token, x1] - total(P[v] * X[v, x1], v)), x1)


def along_query(token: sp.Idx) -> sp.Expr:
    """xi^T (X_t - mu) with xi = w q."""
    mean = total(P[v] * X[v, x1], v)
    return total((X[token, x1] - mean) * w[x1, x2] * q[x2], x1, x2)


STATED = {
    "attention": total(P[t] * X[t, k], t),
    "covariance": total(P[t] * X[t, k] * X[t, l], t)
    - total(P[t] * X[t, k], t) * total(P[s] * X[s, l], s),
    "third cumulant": total(P[t] * centred(t, U) * along_query(t) ** 2, t),
}  # the sheet's formulas, typed once


def head_steps() -> tuple[Step, ...]:
    """Cumulants of the softmax, and the derivatives of one head."""
    partition = sp.log(total(sp.exp(total(X[t, i] * eta[i], i)), t))
    weights = softmax(total(X[s, i] * eta[i], i), t)
    written_out = {
        key: unfold(STATED[key], define(P, (t,), weights)) for key in ("attention", "covariance")
    }
    Y, G = array("Y", T), array("G", T)
    nudged = taylor(softmax(Y[s] + eps * G[s], t), eps, 2).coefficients[1]
    rule = P[t] * (G[t] - total(P[s] * G[s], s))
    model = unfold(STATED["attention"], define(P, (t,), softmax(logit(s), t)))
    neuron = sp.tanh(total(U[k] * model, k))
    spread = unfold(covariance(x1, k), define(P, (t,), softmax(logit(s), t)))
    gradient = (1 - neuron**2) * total(spread * U[k], k) * q[x2]
    _, twice = preactivation_curve()
    stated = 2 * total(P[t] * centred(t, u) * along_query(t), t)
    return (
        Step(
            "softmax rule", nudged, unfold(rule, define(P, (t,), softmax(Y[s], t))),
            r"$d P_t = P_t (d l_t - \sum_s P_s \, d l_s)$", kind="derived",
        ),
        Step(
            "attention is a mean", sp.diff(partition, eta[k]), written_out["attention"],
            r"$a = \nabla A$ with $A = \log \sum_t \exp(X_t \cdot \eta)$, $\eta = W q$",
            kind="derived",
        ),
        Step(
            "covariance of the tokens", sp.diff(partition, eta[k], eta[l]),
            written_out["covariance"],
            "$M$ is the Hessian of $A$",
            uses=("attention is a mean",), kind="derived",
        ),
        Step(
            "covariance by the rule", covariance(k, l), STATED["covariance"],
            "the same by the softmax rule, for code that never forms the Jacobian of the softmax",
            uses=("softmax rule", "covariance of the tokens"), kind="derived",
        ),
        Step("third cumulant", third_cumulant(), normalised(STATED["third cumulant"]),
            "the rule, once more: the third central moment",
            uses=("softmax rule", "covariance by the rule"), kind="derived",
        ),
        Step(
            "gradient in $U$", sp.diff(neuron, U[x1]),
            (1 - neuron**2) * instantiate(model, {k: x1}),
            r"Lemma 1: $\sigma'(U \cdot a) a$",
            uses=("attention is a mean",), kind="derived",
        ),
        Step(
            "gradient in $W$", sp.diff(neuron, W[x1, x2]), gradient,
            r"Lemma 1: $\sigma'(U \cdot a) (M U) q^\top$, from the model with its softmax "
            "written out",
            uses=("covariance of the tokens",), kind="derived",
        ),
        Step(
            "second derivative", twice, normalised(stated + STATED["third cumulant"]),
            r"of $U \cdot a(W q)$ along $(u, w)$: $2 u^\top M \xi$ and the third cumulant of "
            r"$U, \xi, \xi$, with $\xi = w q$",
            uses=("covariance by the rule", "third cumulant"), kind="derived",
        ),
    )  # fmt: skip


# The same, with the mean token, the products of centred tokens, and M U named: this becomes code.
by_U, by_u, by_xi = (array(f"by_{name}", T) for name in ("U", "u", "xi"))
M_U = array("M_U", d)
attends = define(P, (t,), Softmax(logit(t), t))
mean_token = define(a, (k,), attention(k))
values = define(z, (), total(U[k] * a[k], k))
queries = define(xi, (k,), total(w[k, l] * q[l], l))


def about_mean(products: sp.IndexedBase, vector: sp.IndexedBase) -> Definition:
    """The vector's products with X_t - a."""
    return define(products, (t,), total(vector[k] * (X[t, k] - a[k]), k))


def spelled_out(expression: sp.Expr) -> sp.Expr:
    """The named intermediates replaced by what they name."""
    products = (about_mean(by, vector) for by, vector in ((by_U, U), (by_u, u), (by_xi, xi)))
    return normalised(unfold(expression, mean_token, queries, *products))


NAMED = {
    "$M U$": total(P[t] * X[t, k] * by_U[t], t),
    "third cumulant": total(P[t] * by_U[t] * by_xi[t] ** 2, t),
    "first derivative": total(u[k] * a[k], k) + total(P[t] * by_U[t] * by_xi[t], t),
    "second derivative": 2 * total(P[t] * by_u[t] * by_xi[t], t)
    + total(P[t] * by_U[t] * by_xi[t] ** 2, t),
}


def naming_steps() -> tuple[Step, ...]:
    """The named forms are the derived ones."""
    once, twice = preactivation_curve()
    derived = {
        "$M U$": total(covariance(k, l) * U[l], l), "third cumulant": third_cumulant(),
        "first derivative": once, "second derivative": twice,
    }  # fmt: skip
    return tuple(
        Step(
            f"{name}, named",
            spelled_out(NAMED[name]),
            value,
            "intermediates named for the code",
            kind="definition",
            uses=(name,) if name in ("third cumulant", "second derivative") else (),
        )
        for name, value in derived.items()
    )


def head_functions() -> tuple[Function, ...]:
    """One head, its gradient and its second derivative."""
    slope = 1 - sp.tanh(z) ** 2
    source = "arXiv:2601.16514"
    head = (attends, mean_token)
    return (
        Function(
            define("attention_head", (k,), attention(k)), (X, W, q),
            "Attention of one head, a = X^T softmax(X W q): the mean token.",
            f"{source}, equation (2).", definitions=(attends,),
        ),
        Function(
            define("head_covariance", (k, l), canonical(covariance(k, l))), (X, W, q),
            "Covariance M of the tokens under the weights of the softmax.",
            f"{source}, Lemma 1; derived as the Hessian of log sum_t exp(X_t . W q).",
            definitions=(attends,),
        ),
        Function(
            define("third_cumulant", (), NAMED["third cumulant"]), (X, W, q, U, w),
            "Third cumulant of the tokens along U, xi, xi with xi = w q.",
            "Derived here: the third derivative of log sum_t exp(X_t . W q).",
            definitions=(*head, queries, about_mean(by_U, U), about_mean(by_xi, xi)),
        ),
        Function(
            (
                define("feature", (), sp.tanh(z)),
                define("in_U", (k,), slope * a[k]),
                define("in_W", (k, l), slope * M_U[k] * q[l]),
            ),
            (X, W, q, U),
            "Random features of one head, activation tanh: value, gradients in U and in W.",
            f"{source}, Lemma 1: the gradient in W is sigma' (M U) q^T; the Jacobian of the "
            "softmax is never formed.",
            definitions=(*head, values, about_mean(by_U, U), define(M_U, (k,), NAMED["$M U$"])),
            name="features",
        ),
        Function(
            define(
                "head_curvature", (),
                sp.diff(sp.tanh(z), z, 2) * NAMED["first derivative"] ** 2
                + slope * NAMED["second derivative"],
            ),
            (X, W, q, U, u, w),
            "Second derivative of tanh(U . a(W q)) along (u, w).",
            "Derived here: sigma'' <g, (u, w)>^2 + sigma' (2 u^T M xi + third cumulant).",
            definitions=(
                *head, values, queries,
                about_mean(by_U, U), about_mean(by_u, u), about_mean(by_xi, xi),
            ),
        ),
    )  # fmt: skip

"""What one step of projected gradient descent on a mean squared error does to a distance.

For a model f_j(phi) on samples j with J = the gradient at phi, J0 that at phi0, residuals
r_j = f_j - y_j and a comparison point star; nothing else is assumed about the model.
"""

import sympy as sp

from theory.calculus.expansion import taylor
from theory.calculus.indices import (
    array,
    canonical,
    define,
    indices,
    size,
    substitute,
    symbol,
    total,
)
from theory.language.step import Step
from theory.shallow_transformer_gd.concentration import n

D = size("D")
g, j = indices("g j", n)
k, l = indices("k l", D)  # noqa: E741
phi, star, phi0, grad = (array(name, D) for name in ("phi", "star", "phi0", "grad"))
J, J0, f, y = array("J", n, D), array("J0", n, D), array("f", n), array("y", n)
r = array("r", n, meaning="residuals f - y")
K = array("K", n, n, meaning="tangent kernel at the samples", symmetric=True)
e = array("e", n)
# distance^2 to star before and after, step, loss, mean squared defect, sup |f - y|, sup |grad f|
rate = symbol("eta_s", meaning="step size", positive=True)
defect2 = symbol("defect2", latex=r"\delta^2", meaning="mean square of the defect", positive=True)
before, after, loss = sp.symbols("before after loss", positive=True)
R = symbol("R", meaning="sup |f - y|", positive=True)
Gamma = symbol("Gamma", meaning="sup |grad f|", positive=True)
worst = symbol("worst", meaning="sup of the defect", positive=True)
distance2 = symbol(
    "distance2",
    latex=r"D_0^2",
    meaning="squared distance from the initial to the comparison point",
    positive=True,
)
steps = symbol("steps", meaning="number of steps", positive=True)
eps = symbol("epsilon", latex=r"\varepsilon", positive=True)
root = sp.Symbol("root", positive=True)


def defect(sample: sp.Idx) -> sp.Expr:
    """e_j = <grad f_j(phi), phi - star> - r_j: zero for a linear model that fits at star."""
    return total(J[sample, k] * (phi[k] - star[k]), k) - r[sample]


def certificate() -> sp.Expr:
    """Bound of the mean loss over the steps, for a step of at most 1 / (4 Gamma^2)."""
    return distance2 / (rate * steps) + 2 * defect2


def theorem_bound() -> sp.Expr:
    """The same without self-bounding, at step 1 / sqrt(steps): Theorem 1 with its constants."""
    return (distance2 / 4 + R**2 * Gamma**2) / sp.sqrt(steps) + R * worst


def residual_after() -> sp.Expr:
    """r_j after one step of a linear model: r - (2 rate / n) K r, K_jg = <J0_j, J0_g>."""
    return r[j] - 2 * rate / n * total(K[j, g] * r[g], g)


def function_space_steps() -> tuple[Step, ...]:
    """Gradient descent on a linear model, seen at the samples."""
    loss_along = total((r[g] + eps * J0[g, k]) ** 2, g) / n
    gradient = taylor(loss_along, eps, 2).coefficients[1]
    moved = r[j] - rate * total(J0[j, k] * gradient, k)
    gram = total(J0[j, k] * J0[g, k], k)
    return (
        Step(
            "step in function space", canonical(moved),
            canonical(substitute(residual_after(), define(K, (j, g), gram))),
            r"the gradient of the loss in $\phi_k$, applied to $f_j = \langle J_j, \phi - "
            r"\phi_0\rangle$: the residual of a linear model is multiplied by $I - (2 \eta / "
            r"n) K$, $\eta$ the step and $K$ the tangent kernel",
            kind="derived",
        ),
    )  # fmt: skip


def _loss_of_move() -> sp.Expr:
    """Mean squared error when every f_j moves by eps <J_j, phi - star>."""
    move = total(J[g, k] * (phi[k] - star[k]), k)
    return total((f[g] - y[g] + eps * move) ** 2, g) / n


def descent_steps() -> tuple[Step, ...]:
    """The descent inequality, its defect, and the two bounds made of it."""
    stepped = total((phi[k] - rate * grad[k] - star[k]) ** 2, k)
    derivative = taylor(_loss_of_move(), eps, 2).coefficients[1]
    residual = substitute(2 * total(r[g] * (r[g] + e[g]), g) / n, define(e, (g,), defect(g)))
    residual = substitute(residual, define(r, (g,), f[g] - y[g]))
    linear = {at: total(J0[g, k] * (at[k] - phi0[k]), k) for at in (phi, star)}
    split = (linear[phi] - f[g]) + (y[g] - linear[star])
    split += total((J[g, k] - J0[g, k]) * (phi[k] - star[k]), k)
    paper = before - 4 * rate * (loss - R * worst) + 4 * rate**2 * R**2 * Gamma**2 - after
    (solved,) = sp.solve(paper, loss)
    ours = before - 4 * rate * loss + 2 * rate * (loss + defect2) + 4 * rate**2 * Gamma**2 * loss
    weight, largest = -sp.diff(ours, loss), {rate: 1 / (4 * Gamma**2)}
    telescoped = solved.subs(
        {before - after: distance2 / steps, after: 0, before: distance2 / steps}
    )
    return (
        Step(
            "one step", stepped,
            total((phi[k] - star[k]) ** 2, k) - 2 * rate * total(grad[k] * (phi[k] - star[k]), k)
            + rate**2 * total(grad[k] ** 2, k),
            "multiplied out; a projection on a convex set that holds star only shortens it",
            uses=("radii", "realisable"),
        ),
        Step(
            "inner product with the gradient", derivative, canonical(residual),
            r"$\langle \nabla L, \phi - \phi^*\rangle = \frac{2}{n} \sum_j r_j (r_j + e_j)$, "
            "with $e_j$ the defect", kind="derived",
        ),
        Step(
            "defect", substitute(defect(g), define(r, (g,), f[g] - y[g])), split,
            "linearisation error, plus approximation error at star, plus change of features",
            uses=("realisable",),
        ),
        Step(
            "descent", solved, (before - after) / (4 * rate) + R * worst + rate * R**2 * Gamma**2,
            r"$|r_j| \leq R$ and $|e_j|$ at most the worst, $|\nabla L| \leq 2 R \Gamma$: a "
            "bound of the loss of one step",
            uses=("one step", "inner product with the gradient"),
        ),
        Step(
            "Theorem 1", telescoped.subs(rate, 1 / sp.sqrt(steps)), theorem_bound(),
            r"the mean over the steps telescopes; step $1/\sqrt{\tau}$",
            uses=("step-size", "approximation error", "linearisation bound", "defect", "descent"),
        ),
        Step(
            "square completed", (sp.sqrt(loss) - root) ** 2,
            loss + root**2 - 2 * sp.sqrt(loss) * root,
            r"$2 \sqrt{L} e \leq L + e^2$, with $e$ the root mean square defect",
        ),
        Step(
            "self-bounding weight", weight - rate, rate * (1 - 4 * rate * Gamma**2),
            r"$|\nabla L|^2 \leq 4 \Gamma^2 L$: the loss keeps a weight of at least the step, "
            r"up to step $1 / (4 \Gamma^2)$",
            uses=("one step", "inner product with the gradient", "square completed"),
        ),
        Step(
            "certificate", sp.solve((ours - after).subs(largest), loss)[0],
            ((before - after) / rate + 2 * defect2).subs(largest),
            "the largest step: the loss is at most the difference of distances over the "
            "step, plus $2 e^2$",
            uses=("step-size", "self-bounding weight"),
        ),
        Step(
            "iterations", sp.solve(certificate().subs(largest).subs(defect2, 0) - eps, steps)[0],
            4 * Gamma**2 * distance2 / eps, "the certificate without defect, solved for the steps",
            uses=("certificate",),
        ),
    )  # fmt: skip

"""Gaussian means of error functions: the neural tangent kernel of a layer with activation erf.

For U ~ N(0, I) and vectors a, a' of any dimension, x = U . a and y = U . a' are Gaussian with
variances |a|^2, |a'|^2 and covariance a . a'; the slope of erf is itself a Gaussian, so that every
mean with two slopes is a Gaussian integral, and Price's theorem gives the mean of two erfs.
"""

import sympy as sp

from theory.calculus.indices import array, canonical, indices, symbol, total
from theory.language.step import Step
from theory.shallow_transformer_gd.attention import a, d

i, j, k, l = indices("i j k l", d)  # noqa: E741
a2 = array("a2", d, meaning="attention of another input")
# |a|^2, |a'|^2, a . a', and the determinant of I + 2 a a^T + 2 a' a'^T
aa, bb, ab = sp.symbols("aa bb ab", real=True)
D = symbol("D", latex=r"\Delta", real=True)
_in_arrays = {aa: total(a[i] ** 2, i), bb: total(a2[i] ** 2, i), ab: total(a[i] * a2[i], i)}
DETERMINANT = (1 + 2 * aa) * (1 + 2 * bb) - 4 * ab**2


def mean_of_slopes() -> sp.Expr:
    """E[erf'(x) erf'(y)] in terms of aa, bb, ab."""
    return 4 / (sp.pi * sp.sqrt(DETERMINANT))


def mean_of_values() -> sp.Expr:
    """E[erf(x) erf(y)]: its derivative in the covariance is the mean of slopes (Price)."""
    top, x = sp.Symbol("top", positive=True), sp.Symbol("x", real=True)
    integral = sp.integrate(4 / (sp.pi * sp.sqrt(top - 4 * x**2)), (x, 0, ab))
    return integral.subs(top, (1 + 2 * aa) * (1 + 2 * bb))


def tilted(left: sp.Idx, right: sp.Idx) -> sp.Expr:
    """(I + 2 a a^T + 2 a' a'^T)^-1: the covariance of U under the weight erf'(x) erf'(y)."""
    bracket = (1 + 2 * bb) * a[left] * a[right] + (1 + 2 * aa) * a2[left] * a2[right]
    bracket -= 2 * ab * (a[left] * a2[right] + a2[left] * a[right])
    return sp.KroneckerDelta(left, right) - 2 * bracket / D


def bell(exponent: sp.Expr, variable: sp.Symbol) -> tuple[sp.Expr, sp.Expr]:
    """The integral of exp(exponent), quadratic in the variable, as a factor and an exponent."""
    form = sp.Poly(exponent, variable)
    square, linear, rest = (form.coeff_monomial(variable**power) for power in (2, 1, 0))
    return sp.sqrt(sp.pi / -square), rest + linear**2 / (-4 * square)


def error_function_steps() -> tuple[Step, ...]:
    """The three means, derived."""
    al, be, ga = sp.symbols("alpha beta gamma", positive=True)
    x, y = sp.symbols("x y", real=True)
    exponent = -((al * x) ** 2) - (be * x + ga * y) ** 2 - (x**2 + y**2) / 2
    over_y, rest = bell(exponent, y)
    over_x, _ = bell(rest, x)
    top, slope = sp.Symbol("top", positive=True), sp.Symbol("slope", real=True)
    width, remaining = bell(slope * x - top * x**2, x)
    factors = {aa: al**2, ab: al * be, bb: be**2 + ga**2}
    product = total(
        (sp.KroneckerDelta(i, j) + 2 * a[i] * a[j] + 2 * a2[i] * a2[j])
        * (D * tilted(j, k)).expand().subs(D, DETERMINANT).subs(_in_arrays),
        j,
    )
    gram = sp.Matrix([[aa, ab], [ab, bb]])
    inside = {aa: (0, 1), bb: (0, 1), ab: (-0.1, 0.1)}
    return (
        Step(
            "bell integral", sp.integrate(sp.exp(slope * x - top * x**2), (x, -sp.oo, sp.oo)),
            width * sp.exp(remaining), "an exponential of a quadratic form, one variable at a time",
        ),
        Step(
            "mean of two slopes of erf", (4 / sp.pi * over_y * over_x / (2 * sp.pi)) ** 2,
            (mean_of_slopes() ** 2).subs(factors),
            r"a Gaussian integral over $x = \alpha g$, $y = \beta g + \gamma g'$ (squares of "
            "both sides)",
            uses=("bell integral",),
        ),
        Step(
            "determinant", (sp.eye(2) + 2 * gram).det(), DETERMINANT,
            r"Sylvester: $\det(I + 2 a a^\top + 2 a' {a'}^\top) = \det(I + 2 "
            r"\operatorname{Gram})$, in any dimension",
        ),
        Step(
            "mean of two erfs", sp.diff(mean_of_values(), ab), mean_of_slopes(),
            "Price's theorem: the derivative in the covariance is the mean of the slopes", inside,
            uses=("mean of two slopes of erf",),
        ),
        Step(
            "mean of two erfs, closed", mean_of_values(),
            2 / sp.pi * sp.asin(2 * ab / sp.sqrt((1 + 2 * aa) * (1 + 2 * bb))),
            "the integral over the covariance from 0, where the mean is 0 since erf is odd", inside,
            uses=("mean of two erfs",),
        ),
        Step(
            "tilted covariance", canonical(product),
            canonical(sp.KroneckerDelta(i, k) * DETERMINANT.subs(_in_arrays)),
            r"$(I + 2 a a^\top + 2 a' {a'}^\top) S = I$, times the determinant, in any dimension",
            uses=("determinant",),
        ),
    )  # fmt: skip

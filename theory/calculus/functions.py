"""What the calculus of series knows of functions: which it expands, and by which others."""

import sympy as sp

x = sp.Dummy("x")
# Functions whose derivatives are known to SymPy, and whose values at huge arguments come at once.
ELEMENTARY = (
    sp.exp, sp.log, sp.Abs, sp.sign, sp.Max, sp.Min, sp.Piecewise, sp.Heaviside, sp.erf, sp.erfc,
    sp.gamma, sp.loggamma, sp.factorial, sp.binomial, sp.harmonic, sp.polygamma, sp.LambertW,
    sp.functions.elementary.trigonometric.TrigonometricFunction,
    sp.functions.elementary.trigonometric.InverseTrigonometricFunction,
    sp.functions.elementary.hyperbolic.HyperbolicFunction,
    sp.functions.elementary.hyperbolic.InverseHyperbolicFunction,
)  # fmt: skip
# Functions by those that are regular at zero.
QUOTIENTS = {
    sp.tan: sp.sin(x) / sp.cos(x), sp.cot: sp.cos(x) / sp.sin(x),
    sp.sec: 1 / sp.cos(x), sp.csc: 1 / sp.sin(x),
    sp.coth: sp.cosh(x) / sp.sinh(x), sp.csch: 1 / sp.sinh(x),
    sp.erfc: 1 - sp.erf(x), sp.harmonic: sp.polygamma(0, x + 1) + sp.EulerGamma,
    sp.factorial: sp.gamma(x + 1), sp.Heaviside: (1 + sp.sign(x)) / 2,
}  # fmt: skip
# Used where the derivatives are infinite: at branch points and poles.
_ASIN = 2 * sp.atan(x / (1 + sp.sqrt(1 - x**2)))
SINGULAR = {
    sp.asin: _ASIN, sp.acos: sp.pi / 2 - _ASIN,
    sp.acosh: sp.log(x + sp.sqrt(x - 1) * sp.sqrt(x + 1)),
    sp.atanh: (sp.log(1 + x) - sp.log(1 - x)) / 2,
    sp.gamma: sp.gamma(x + 1) / x, sp.loggamma: sp.loggamma(x + 1) - sp.log(x),
}  # fmt: skip
# Values at plus infinity of odd functions that reach them exponentially fast.
SATURATING = {sp.tanh: sp.S.One, sp.erf: sp.S.One}

"""Gaussian means of activations: closed forms for the ReLU, and polynomials in one Gaussian."""

from functools import cache

import sympy as sp


@cache
def relu_pair_means(rho: sp.Symbol) -> tuple[sp.Expr, sp.Expr]:
    """E[max(x, 0) max(y, 0)] and P(x > 0, y > 0), unit Gaussians with correlation rho.

    In polar coordinates, x = r cos(t), y = r cos(t - phi) with rho = cos(phi): both are positive
    for t between phi - pi/2 and pi/2.
    """
    phi, r = sp.symbols("phi r", positive=True)
    t = sp.Symbol("t", real=True)
    arc = (t, phi - sp.pi / 2, sp.pi / 2)
    product = sp.expand_trig(sp.cos(t) * sp.cos(t - phi))
    second = sp.integrate(r**3 * sp.exp(-(r**2) / 2), (r, 0, sp.oo)) * sp.integrate(product, arc)
    zeroth = sp.integrate(r * sp.exp(-(r**2) / 2), (r, 0, sp.oo)) * sp.integrate(sp.S.One, arc)
    back = {sp.sin(phi): sp.sqrt(1 - rho**2), sp.cos(phi): rho, phi: sp.acos(rho)}
    relu, step = (sp.expand(sp.expand_trig(e / (2 * sp.pi)).subs(back)) for e in (second, zeroth))
    return relu, step


def gaussian_mean(expression: sp.Expr, *normals: sp.Symbol) -> sp.Expr:
    """The mean of a polynomial in independent standard normal symbols: E g^2k = (2k - 1)!!."""
    for g in normals:
        powers = sp.Poly(sp.expand(expression), g).terms()
        expression = sp.Add(
            *(c * sp.factorial2(k - 1) for (k,), c in powers if k % 2 == 0)  # (-1)!! is one
        )
    return sp.expand(expression)


def hermite(degree: int, x: sp.Expr) -> sp.Expr:
    """The orthonormal (probabilists') Hermite polynomial: E[h_j(g) h_k(g)] = delta_jk."""
    t = sp.Symbol("t")
    physicists = sp.hermite_poly(degree, t)
    scaled = physicists.subs(t, t / sp.sqrt(2)) / sp.sqrt(sp.Integer(2) ** degree)
    return sp.expand(scaled / sp.sqrt(sp.factorial(degree))).subs(t, x)

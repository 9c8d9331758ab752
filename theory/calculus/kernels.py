"""Means of functions of Gaussian vectors: closed forms, Price's rule, else a node with quadrature.

``GaussianMean(f, variables, covariance)`` is E f(z), z centred Gaussian with that covariance. Its
derivative in the covariance is Price's: d/dC_ab E f = E d_a d_b f, halved on the diagonal.
"""

from functools import lru_cache

import numpy as np
import sympy as sp

POINTS = 80  # Gauss-Hermite nodes in each direction


class GaussianMean(sp.Expr):
    """E f(z) for centred Gaussian variables; ``covariance`` is the upper triangle, row by row."""

    is_real = True
    is_commutative = True

    def __new__(cls, body: sp.Expr, variables: sp.Tuple, covariance: sp.Tuple) -> sp.Expr:
        """A closed form where one is known, else a node."""
        variables, covariance = sp.Tuple(*variables), sp.Tuple(*covariance)
        body = sp.sympify(body)
        if not body.has(*variables):
            return body
        return sp.Expr.__new__(cls, body, variables, covariance)

    @property
    def body(self) -> sp.Expr:
        """The function."""
        return self.args[0]

    @property
    def variables(self) -> sp.Tuple:
        """Its variables, which are bound."""
        return self.args[1]

    @property
    def covariance(self) -> sp.Tuple:
        """The upper triangle of the covariance."""
        return self.args[2]

    @property
    def free_symbols(self) -> set:
        """Those of the covariance, and the parameters of the function."""
        return (self.body.free_symbols - set(self.variables)) | self.covariance.free_symbols

    def _eval_derivative(self, s: sp.Basic) -> sp.Expr:
        """Price's rule."""
        pairs = [(a, b) for k, a in enumerate(self.variables) for b in self.variables[k:]]
        found = sp.S.Zero
        for (a, b), c in zip(pairs, self.covariance, strict=True):
            slope = sp.diff(c, s)
            if slope != 0:
                weight = sp.Rational(1, 2) if a == b else sp.S.One
                second = sp.diff(self.body, a, b)
                found += weight * slope * GaussianMean(second, self.variables, self.covariance)
        return found

    def _latex(self, printer, exp=None) -> str:
        return rf"\mathbb{{E}}\left[{printer.doprint(self.body)}\right]"

    def quadrature(self, covariance: tuple[float, ...]) -> float:
        """The value at one covariance, by Gauss and Hermite."""
        return _quadrature(self.body, tuple(self.variables), covariance)


@lru_cache(maxsize=4096)
def _quadrature(
    body: sp.Expr, variables: tuple[sp.Symbol, ...], covariance: tuple[float, ...]
) -> float:
    count = len(variables)
    matrix = np.zeros((count, count))
    matrix[np.triu_indices(count)] = covariance
    matrix = matrix + np.triu(matrix, 1).T
    values, vectors = np.linalg.eigh(matrix)
    if values.min() < -1e-9 * max(1.0, values.max()):
        raise ValueError(f"the covariance {matrix.tolist()} is not positive semidefinite")
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    kept = np.flatnonzero(values > 1e-14 * max(values.max(), 1e-300))
    if not len(kept):
        return float(body.subs(dict.fromkeys(variables, 0)))
    nodes, weights = np.polynomial.hermite_e.hermegauss(POINTS if len(kept) < 3 else 40)
    weights = weights / np.sqrt(2 * np.pi)
    grid = np.meshgrid(*([nodes] * len(kept)), indexing="ij")
    mass = np.prod(np.meshgrid(*([weights] * len(kept)), indexing="ij"), axis=0)
    z = [sum(root[k, j] * g for j, g in zip(kept, grid, strict=True)) for k in range(count)]
    function = sp.lambdify(variables, body, modules=["scipy", "numpy"])
    return float(np.sum(mass * function(*z)))


def pair_kernel(
    body: sp.Expr, x: sp.Symbol, xx: sp.Expr, yy: sp.Expr, xy: sp.Expr
) -> sp.Expr | None:
    """E f(x) f(y) in closed form, where one is known."""
    rho = xy / (sp.sqrt(xx) * sp.sqrt(yy))
    if body == sp.Max(x, 0):
        angle = rho * (sp.pi - sp.acos(rho)) + sp.sqrt(1 - rho**2)
        return sp.sqrt(xx) * sp.sqrt(yy) * angle / (2 * sp.pi)
    if body == sp.erf(x):
        return 2 / sp.pi * sp.asin(2 * xy / sp.sqrt((1 + 2 * xx) * (1 + 2 * yy)))
    if body == sp.sign(x):
        return 2 / sp.pi * sp.asin(rho)
    if body == sp.exp(x):
        return sp.exp((xx + yy) / 2 + xy)
    if body == sp.sin(x):
        return sp.exp(-(xx + yy) / 2) * (sp.exp(xy) - sp.exp(-xy)) / 2
    if body == sp.cos(x):
        return sp.exp(-(xx + yy) / 2) * (sp.exp(xy) + sp.exp(-xy)) / 2
    return None


def single_kernel(body: sp.Expr, x: sp.Symbol, xx: sp.Expr) -> sp.Expr | None:
    """E f(x) in closed form, where one is known; zero for odd functions."""
    if sp.simplify(body + body.subs(x, -x)) == 0:
        return sp.S.Zero
    return {
        sp.Max(x, 0): sp.sqrt(xx) / sp.sqrt(2 * sp.pi),
        sp.exp(x): sp.exp(xx / 2),
        sp.cos(x): sp.exp(-xx / 2),
    }.get(body)


def shifted_kernel(body: sp.Expr, z: sp.Symbol, zz: sp.Expr) -> sp.Expr | None:
    """E f(mu + z) in closed form, where one is known."""
    if len(body.args) == 1 and body.func in (sp.sign, sp.erf):
        slope = sp.diff(body.args[0], z)
        mu = sp.expand(body.args[0] - slope * z)
        if slope.has(z):
            return None
        spread = slope**2 * zz
        return sp.erf(mu / sp.sqrt(2 * spread + (1 if body.func is sp.erf else 0)))
    return None

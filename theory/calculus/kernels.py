"""Means of functions of Gaussian vectors: closed forms, Price's rule, else a node with quadrature.

``GaussianMean(f, variables, covariance)`` is E f(z), z centred Gaussian with that covariance. Its
derivative in the covariance is Price's: d/dC_ab E f = E d_a d_b f, halved on the diagonal.
"""

from collections.abc import Callable
from functools import lru_cache

import numpy as np
import sympy as sp

KINKS = (sp.Max, sp.Abs, sp.sign, sp.Heaviside)
POINTS = (121, 151)  # of two quadratures in one or two variables, which must agree


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

    def _eval_derivative(self, wrt: sp.Basic) -> sp.Expr:
        """Price's rule."""
        pairs = [(a, b) for k, a in enumerate(self.variables) for b in self.variables[k:]]
        found = sp.S.Zero
        for (a, b), c in zip(pairs, self.covariance, strict=True):
            slope = sp.diff(c, wrt)
            if slope != 0:
                weight = sp.Rational(1, 2) if a == b else sp.S.One
                second = sp.diff(self.body, a, b)
                found += weight * slope * GaussianMean(second, self.variables, self.covariance)
        return found

    def _latex(self, printer, exp=None) -> str:
        return rf"\mathbb{{E}}\left[{printer.doprint(self.body)}\right]"

    @property
    def outer(self) -> tuple[sp.Expr, ...]:
        """What the function contains besides its variables: parameters, and entries of arrays."""
        entries = self.body.atoms(sp.Indexed)
        inside = {s for e in entries for s in e.free_symbols} | set(self.variables)
        symbols = {s for s in self.body.free_symbols if isinstance(s, sp.Symbol)}
        return tuple(sorted(entries | (symbols - inside), key=str))

    def quadrature(self, covariance: tuple[float, ...], outer: tuple[float, ...] = ()) -> float:
        """The value at one covariance, and at values of ``outer``, by Gauss and Hermite."""
        if self.body.has(sp.DiracDelta, sp.Derivative):
            raise ValueError(f"no quadrature of {self.body}: a slope of a kink is no function")
        return _quadrature(self.body, (*self.variables,), covariance, self.outer, outer)

    def quadratures(self, covariances: np.ndarray, outer: np.ndarray) -> np.ndarray:
        """The values at many covariances, one a row, and at as many values of ``outer``."""
        smooth = not self.body.has(*KINKS, sp.DiracDelta, sp.Derivative)
        if len(self.variables) == 1 and smooth and (covariances >= 0).all():
            function = _compiled(self.body, (*self.variables, *self.outer))
            return _settled(*(_on_line(function, covariances, outer, k) for k in POINTS))
        rows = zip(covariances.tolist(), outer.tolist(), strict=True)
        return np.array([self.quadrature(tuple(c), tuple(o)) for c, o in rows])


class SoftmaxMean(sp.Expr):
    """E of a product of entries of a softmax of Gaussian logits, rows and columns in turn.

    ``covariance`` is that of the logits (p, q) and (r, s), with those four indices bound.
    """

    is_real = True
    is_commutative = True

    @property
    def free_symbols(self) -> set:
        """The rows and columns, and what the covariance contains but its indices."""
        where, bound, covariance = self.args
        return where.free_symbols | (covariance.free_symbols - bound.free_symbols)

    def moments(self, covariance: np.ndarray) -> np.ndarray:
        """All entries, from the covariance as an array with four axes."""
        count = len(self.args[0]) // 2
        found = np.zeros(covariance.shape[:2] * count)
        for rows in np.ndindex(*covariance.shape[:1] * count):
            where = sum(((r, slice(None)) for r in rows), ())
            found[where] = _softmax_moments(covariance, rows)
        return found


def _softmax_moments(covariance: np.ndarray, rows: tuple[int, ...]) -> np.ndarray:
    """The mean of the outer product of some rows of a softmax."""
    size = covariance.shape[1]
    joint = np.block([[covariance[p, :, r, :] for r in rows] for p in rows])
    # Softmax does not see a shift of a row: the mean of each row is taken off.
    centring = np.kron(np.eye(len(rows)), np.eye(size) - 1.0 / size)
    values, vectors = np.linalg.eigh(centring @ joint @ centring)
    kept = np.flatnonzero(values > 1e-12 * max(values.max(), 1e-300))
    root = vectors[:, kept] * np.sqrt(values[kept])
    if len(kept) > 4:
        raise ValueError(f"a softmax of {size} tokens of order one: quadrature is for at most 3")
    results = []
    for points in (18, 22) if len(kept) > 2 else POINTS:
        grid, mass = _grid(len(kept), points)
        logits = (root @ grid).reshape(len(rows), size, -1)
        weights = np.exp(logits - logits.max(axis=1, keepdims=True))
        weights = weights / weights.sum(axis=1, keepdims=True)
        letters = "abcdefgh"[: len(rows)]
        spec = ",".join(f"{x}z" for x in letters) + f",z->{letters}"
        results.append(np.einsum(spec, *weights, mass))
    return _settled(*results)


def _grid(dimensions: int, points: int) -> tuple[np.ndarray, np.ndarray]:
    """Nodes (one row a dimension) and weights of a standard Gaussian."""
    if not dimensions:
        return np.zeros((0, 1)), np.ones(1)
    if dimensions < 3:  # the trapezoidal rule: exponentially accurate for analytic functions
        nodes = np.linspace(-9, 9, points)
        weights = np.exp(-(nodes**2) / 2) / np.sqrt(2 * np.pi) * (nodes[1] - nodes[0])
    else:
        nodes, weights = np.polynomial.hermite_e.hermegauss(points)
        weights = weights / np.sqrt(2 * np.pi)
    grid = np.meshgrid(*([nodes] * dimensions), indexing="ij")
    mass = np.meshgrid(*([weights] * dimensions), indexing="ij")
    return np.stack([g.ravel() for g in grid]), np.prod([m.ravel() for m in mass], axis=0)


def _on_line(
    function: Callable[..., np.ndarray], variances: np.ndarray, outer: np.ndarray, points: int
) -> np.ndarray:
    """Means over one variable, at variances in a column and values of parameters beside them."""
    grid, mass = _grid(1, points)
    parameters = [column[:, None] for column in outer.T]
    found = function(np.sqrt(variances) * grid, *parameters)
    return np.asarray(np.sum(mass * found, axis=1))


def _sectors(root: np.ndarray, points: int) -> tuple[np.ndarray, np.ndarray]:
    """Nodes and weights that are smooth between the lines on which a variable is zero."""
    x, w = np.polynomial.legendre.leggauss(points)
    r, radial = 6.5 * (x + 1), 6.5 * w  # to thirteen standard deviations
    if root.shape[1] == 1:
        radial = radial * np.exp(-(r**2) / 2) / np.sqrt(2 * np.pi)
        return np.concatenate([r, -r])[None], np.concatenate([radial, radial])
    zeros = np.arctan2(-root[:, 0], root[:, 1])
    ends = np.unique(np.round(np.mod(np.concatenate([zeros, zeros + np.pi]), 2 * np.pi), 14))
    ends = np.append(ends, ends[0] + 2 * np.pi)
    half, middle = np.diff(ends) / 2, (ends[1:] + ends[:-1]) / 2
    theta = (middle[:, None] + half[:, None] * x).ravel()
    angular = (half[:, None] * w).ravel()
    radial = radial * r * np.exp(-(r**2) / 2) / (2 * np.pi)
    grid = [np.multiply.outer(f(theta), r).ravel() for f in (np.cos, np.sin)]
    return np.stack(grid), np.multiply.outer(angular, radial).ravel()


def _settled(coarse: np.ndarray, fine: np.ndarray) -> np.ndarray:
    """The finer of two quadratures, if they agree: a number is never silently wrong."""
    error = float(np.max(np.abs(fine - coarse)))
    if not error <= 1e-6 * max(1.0, float(np.max(np.abs(fine)))):
        raise ValueError(f"a quadrature has not converged: two grids differ by {error:.1e}")
    return fine


@lru_cache(maxsize=256)
def _compiled(body: sp.Expr, variables: tuple[sp.Symbol, ...]) -> Callable[..., np.ndarray]:
    return sp.lambdify(variables, body, modules=["scipy", "numpy"])


@lru_cache(maxsize=4096)
def _quadrature(
    body: sp.Expr,
    variables: tuple[sp.Symbol, ...],
    covariance: tuple[float, ...],
    outer: tuple[sp.Expr, ...],
    values: tuple[float, ...],
) -> float:
    count = len(variables)
    matrix = np.zeros((count, count))
    matrix[np.triu_indices(count)] = covariance
    matrix = matrix + np.triu(matrix, 1).T
    spectrum, vectors = np.linalg.eigh(matrix)
    if spectrum.min() < -1e-9 * max(1.0, spectrum.max()):
        raise ValueError(f"the covariance {matrix.tolist()} is not positive semidefinite")
    kept = np.flatnonzero(spectrum > 1e-14 * max(spectrum.max(), 1e-300))
    root = vectors[:, kept] * np.sqrt(spectrum[kept])
    function = _compiled(body, (*variables, *outer))
    found = []
    kinks = body.has(*KINKS) and 0 < len(kept) < 3
    for points in POINTS if len(kept) < 3 else (24, 30):
        grid, mass = _sectors(root, points) if kinks else _grid(len(kept), points)
        found.append(np.asarray(np.sum(mass * function(*(root @ grid), *values))))
    return float(_settled(*found))


def _arccos(rho: sp.Expr) -> sp.Expr:
    """The arc cosine, of an argument without a minus sign: so that opposite angles cancel."""
    return sp.pi - sp.acos(-rho) if rho.could_extract_minus_sign() else sp.acos(rho)


def pair_kernel(
    body: sp.Expr, x: sp.Symbol, xx: sp.Expr, yy: sp.Expr, xy: sp.Expr
) -> sp.Expr | None:
    """E f(x) f(y) in closed form, where one is known."""
    rho = xy / (sp.sqrt(xx) * sp.sqrt(yy))
    if body == sp.Max(x, 0):
        angle = rho * (sp.pi - _arccos(rho)) + sp.sqrt(1 - rho**2)
        return sp.sqrt(xx) * sp.sqrt(yy) * angle / (2 * sp.pi)
    if body == sp.Abs(x):
        angle = rho * sp.asin(rho) + sp.sqrt(1 - rho**2)
        return 2 * sp.sqrt(xx) * sp.sqrt(yy) * angle / sp.pi
    if body == sp.Heaviside(x):
        return (sp.pi - _arccos(rho)) / (2 * sp.pi)
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
    if sp.expand(body + body.subs(x, -x)) == 0:
        return sp.S.Zero
    base, k = body.as_base_exp()
    if base in (sp.Max(x, 0), sp.Abs(x)) and k.is_Integer:
        whole = sp.sqrt(2**k / sp.pi) * sp.gamma((k + 1) / 2) * sp.sqrt(xx) ** k
        return whole if base == sp.Abs(x) else whole / 2
    if body == sp.Heaviside(x):
        return sp.Rational(1, 2)
    if body == sp.DiracDelta(x):
        return 1 / sp.sqrt(2 * sp.pi * xx)
    return {sp.exp(x): sp.exp(xx / 2), sp.cos(x): sp.exp(-xx / 2)}.get(body)


def shifted_kernel(body: sp.Expr, z: sp.Symbol, zz: sp.Expr) -> sp.Expr | None:
    """E f(mu + z) in closed form, where one is known."""
    if len(body.args) == 1 and body.func in (sp.sign, sp.erf, sp.DiracDelta):
        slope = sp.diff(body.args[0], z)
        mu = sp.expand(body.args[0] - slope * z)
        if slope.has(z):
            return None
        spread = slope**2 * zz
        if body.func is sp.DiracDelta:
            return sp.exp(-(mu**2) / (2 * spread)) / sp.sqrt(2 * sp.pi * spread)
        return sp.erf(mu / sp.sqrt(2 * spread + (1 if body.func is sp.erf else 0)))
    return None

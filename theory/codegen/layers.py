"""The finite layer as JAX source: one step, drawn and made, and what is watched of a state.

Two steps of the same law. ``step`` draws every random array as it is written. ``reduced_step``
draws products: where a Gaussian matrix W is used once, as ``A @ W``, the product given A is
Gaussian with covariance ``A A^T`` and independent columns, so ``factor(A A^T) @ G`` with a G of as
many rows as A takes its place, however long the axis is that is summed over. The factor is written
out, column by column: LAPACK in many copies at once was seen to wait for itself without end.
"""

import keyword
import re
from collections.abc import Iterable

import sympy as sp

from theory.codegen.scalar import code
from theory.layers.arrays import Array, nodes
from theory.layers.functions import UNITS
from theory.layers.layer import Layer
from theory.layers.leaves import N

UNIT_CODE = {
    "relu": "jax.nn.relu({})", "gelu": "jax.nn.gelu({}, approximate=False)",
    "silu": "jax.nn.silu({})", "sigmoid": "jax.nn.sigmoid({})",
    "softplus": "jax.nn.softplus({})", "tanh": "jnp.tanh({})", "erf": "jsp.erf({})",
    "exp": "jnp.exp({})", "sin": "jnp.sin({})", "cos": "jnp.cos({})", "sign": "jnp.sign({})",
    "absolute": "jnp.abs({})", "reciprocal": "(1 / {})",
}  # fmt: skip
assert set(UNIT_CODE) == set(UNITS), "a unit has a formula and no code, or code and no formula"
SIGNS = (0, 1, 0, -2, 0, 16, 0, -272)  # cumulants of a fair sign

HELPERS = {
    "root": '''def root(C):
    """The symmetric root of a positive semidefinite matrix; rounding below zero counts as zero."""
    values, vectors = jnp.linalg.eigh(C)
    roots = jnp.sqrt(jnp.maximum(values, 0.0))
    return (vectors * roots[..., None, :]) @ vectors.swapaxes(-1, -2)''',
    "factor": '''def factor(C):
    """R with R R^T = C, for C positive semidefinite; pivots within rounding of zero are skipped."""
    least, columns = 1e-12 * jnp.trace(C), []
    for k in range(C.shape[0]):
        pivot = jnp.where(C[k, k] > least, C[k, k], jnp.inf)
        columns.append(C[:, k] / jnp.sqrt(pivot))
        C = C - columns[-1][:, None] * columns[-1]
    return jnp.stack(columns, axis=1)''',
    "normalised": '''def normalised(x, square):
    """Divided by a root along the last axis."""
    return x / jnp.sqrt(square(x**2, axis=-1, keepdims=True))''',
    "three_points": '''def three_points(key, shape, mean, variance, third, fourth):
    """Entries of the law on its mean and two other points that has these cumulants."""
    skew, fourth = third / variance**1.5, 3.0 + fourth / variance**2
    spread = jnp.sqrt(4.0 * fourth - 3.0 * skew**2)
    low, high = (skew - spread) / 2, (skew + spread) / 2
    first, second = 1.0 / (low * (low - high)), 1.0 / (high * (high - low))
    drawn = jax.random.uniform(key, shape)
    point = jnp.where(drawn < first, low, jnp.where(drawn < first + second, high, 0.0))
    return mean + jnp.sqrt(variance) * point''',
    "softmax": '''def softmax(x, weights):
    """Weights times exponentials, divided by their sum along the last axis."""
    top = weights * jnp.exp(x - x.max(axis=-1, keepdims=True))
    return top / top.sum(axis=-1, keepdims=True)''',
}
TAKEN = {"jax", "jnp", "jsp", "key", "keys", "step", "reduced_step", "watch", *HELPERS}


def layer_source(layer: Layer, file: str = "") -> str:
    """JAX source of a module with ``step(key, ..)``, ``watch(..)`` and, where some matrix is
    met in a product only, ``reduced_step(key, ..)``.

    Arguments are keywords: states, fixed arrays, sizes (integers), parameters, ``N``. Raises
    ``ValueError`` for a name that code cannot have, ``NotImplementedError`` for a law that no
    sampler is known of.
    """
    _check_names(layer)
    products = _products(layer)
    functions = [_step("step", layer, {}), _watch(layer)]
    if products:
        functions.append(_step("reduced_step", layer, products))
    text = "\n\n\n".join(functions)
    used = [source for name, source in HELPERS.items() if re.search(rf"\b{name}\(", text)]
    origin = f" from {file}" if file else ""
    title = re.sub(r'["\\\n]', " ", layer.name)
    special = "import jax.scipy.special as jsp\n" if "jsp." in text else ""
    head = f'"""{title}: one step of the layer, and what is watched of a state.\n\n'
    head += f"Generated{origin} by verilimit; never edited by hand.\n"
    head += f'"""\n\nimport jax\nimport jax.numpy as jnp\n{special}'
    return head + "\n\n" + "\n\n\n".join([*used, text]) + "\n"


def _check_names(layer: Layer) -> None:
    names = {*layer.leaves, *layer.watch, *map(str, layer.symbols)}
    for name in sorted(names):
        plain = name.isidentifier() and name.isascii() and not keyword.iskeyword(name)
        if not plain or name in TAKEN or name.startswith("_"):
            raise ValueError(
                f"layer “{layer.name}”: {name} cannot be a name in code; use an identifier that is "
                f"no keyword, has no leading underscore and is none of {', '.join(sorted(TAKEN))}"
            )


def _products(layer: Layer) -> dict[Array, Array]:
    """Products with a Gaussian matrix that stands nowhere else, by that matrix."""
    uses: dict[Array, list[Array]] = {}
    for parent in {n for root in layer.step.values() for n in nodes(root)}:
        for child in parent.args:
            uses.setdefault(child, []).append(parent)
    within = {n for root in layer.step.values() for g in nodes(root) if g.op == "gradient"
              for n in nodes(g)}  # fmt: skip
    found = {}
    for leaf, parents in uses.items():
        if not (leaf.op == "leaf" and leaf.data.kind == "random" and leaf.ndim == 2):
            continue
        law = leaf.data.law
        if law[0] != "gaussian" or leaf.data.reused or len(parents) != 1:
            continue
        (parent,) = parents
        met = parent.op == "matmul" and parent.args[1] == leaf and parent.ndim == 2
        rows = parent.shape[0] if parent.ndim == 2 else N
        grows = rows.subs(dict(layer.scaling)).has(N)
        if met and parent.args[0] != leaf and not grows and parent not in within:
            found[parent] = leaf
    return found


def drawn_shapes(layer: Layer) -> list[tuple[sp.Expr, ...]]:
    """Shapes of what one step draws, products as a whole where they are known."""
    products = {leaf: product.shape for product, leaf in _products(layer).items()}
    random = [x for x in layer.leaves.values() if x.data.kind == "random"]
    return [products.get(x, x.shape) for x in random]


class _Writer:
    """Code of expressions; what is used in several places gets a line of its own."""

    def __init__(self, roots: Iterable[Array], products: dict[Array, Array], keys: dict) -> None:
        self.products, self.keys = products, keys
        self.lines: list[str] = []
        self.names: dict[Array, str] = {}
        counts: dict[Array, int] = {}
        for root in roots:
            counts[root] = counts.get(root, 0) + 1
            for node in nodes(root):
                for child in () if node.op == "gradient" else node.args:
                    counts[child] = counts.get(child, 0) + 1
        self.shared = {n for n, c in counts.items() if c > 1 and n.op not in ("leaf", "number")}

    def of(self, node: Array) -> str:
        """Code of a node, in parentheses where needed."""
        if node in self.names:
            return self.names[node]
        text = self._text(node)
        if node in self.shared or node in self.products:
            name = f"_{len(self.names)}"
            self.lines.append(f"{name} = {text}")
            self.names[node] = name
            return name
        return text

    def _text(self, node: Array) -> str:
        if node.op == "leaf":
            return node.data.name
        if node.op == "number":
            return f"({code(node.data, str(node))})"
        if node in self.products:
            return self._product(node)
        if node.op == "gradient":
            return self._gradient(node)
        parts = [self.of(a) for a in node.args]
        first = parts[0]
        if node.op in ("add", "mul", "matmul"):
            sign = {"add": " + ", "mul": " * ", "matmul": " @ "}[node.op]
            return f"({sign.join(parts)})"
        if node.op == "transpose":
            return f"{first}.swapaxes(-1, -2)"
        if node.op == "power":
            return f"({first}**{node.data})"
        if node.op == "sum":
            axis, keep = node.data
            return f"{first}.sum(axis={axis}{', keepdims=True' if keep else ''})"
        if node.op == "outer":
            places = [", ".join(":" if j == k else "None" for j in range(len(parts)))
                      for k in range(len(parts))]  # fmt: skip
            return f"({' * '.join(f'{p}[{at}]' for p, at in zip(parts, places, strict=True))})"
        if node.op == "heads":
            count = code(node.shape[0], str(node))
            return f"jnp.broadcast_to({first}, ({count}, *{first}.shape))"
        if node.op == "normal":
            return f"normalised({first}, {'jnp.sum' if node.data == 'unit' else 'jnp.mean'})"
        if node.op == "softmax":
            return f"softmax({first}, {parts[1] if len(parts) > 1 else '1.0'})"
        if node.op == "function":
            return UNIT_CODE[node.data].format(first)
        raise NotImplementedError(f"no code is known for {node.op} in {node}")

    def _product(self, node: Array) -> str:
        leaf = self.products[node]
        left = self.of(node.args[0])
        if left not in self.names.values() and not left.isidentifier():
            self.lines.append(f"_{leaf.data.name}_left = {left}")
            left = f"_{leaf.data.name}_left"
        rows, columns = (code(s, str(node)) for s in node.shape)
        noise = f"jax.random.normal({self.keys[leaf]}, ({rows}, {columns}))"
        scale = _scaled("", leaf.data.law[1])
        return f"{scale}factor({left} @ {left}.swapaxes(-1, -2)) @ {noise}"

    def _gradient(self, node: Array) -> str:
        loss, variable = node.args
        name = variable.data.name
        inner = _Writer([loss], {}, {})
        value = inner.of(loss)
        function = f"_loss_{len(self.lines)}"
        body = [f"    {line}" for line in inner.lines]
        self.lines += [f"def {function}({name}):", *body, f"    return {value}", ""]
        return f"jax.grad({function})({name})"


def _step(name: str, layer: Layer, products: dict[Array, Array]) -> str:
    leaves = [x for x in layer.leaves.values() if x.data.kind == "random"]
    keys = {leaf: f"keys[{k}]" for k, leaf in enumerate(leaves)}
    writer = _Writer(layer.step.values(), products, keys)
    results = [f'"{old.data.name}": {writer.of(new)}' for old, new in layer.step.items()]
    drawn = [
        f"{leaf.data.name} = {_draw(leaf, keys[leaf])}"
        for leaf in leaves
        if leaf not in products.values()
    ]
    split = [f"keys = jax.random.split(key, {len(leaves)})"] if leaves else []
    kind = "products with Gaussian matrices drawn as a whole" if products else "all arrays drawn"
    body = [*split, *drawn, *writer.lines, f"return {{{', '.join(results)}}}"]
    return _function(name, layer, f"The next states, {kind}.", body, key=True)


def _watch(layer: Layer) -> str:
    writer = _Writer(layer.watch.values(), {}, {})
    results = [f'"{name}": {writer.of(node)}' for name, node in layer.watch.items()]
    body = [*writer.lines, f"return {{{', '.join(results)}}}"]
    return _function("watch", layer, "The statistics of the states.", body, key=False)


def _function(name: str, layer: Layer, summary: str, body: list[str], key: bool) -> str:
    """Every function takes the same keywords, those that it uses by name."""
    text = "\n".join(f"    {line}".rstrip() for line in body)
    leaves = [k for k, x in layer.leaves.items() if x.data.kind != "random"]
    symbols = sorted(map(str, layer.symbols))
    names = [n for n in [*leaves, *symbols] if re.search(rf"\b{n}\b", text)]
    first = "key, " if key else ""
    listed = ", ".join([*names, "**_"])
    return f'def {name}({first}*, {listed}):\n    """{summary}"""\n{text}'


def _draw(leaf: Array, key: str) -> str:
    kind, *law = leaf.data.law
    shape = ", ".join(code(s, str(leaf)) for s in leaf.shape)
    shape = f"({shape},)" if leaf.ndim == 1 else f"({shape})"
    normal = f"jax.random.normal({key}, {shape})"
    if kind == "gaussian":
        return _scaled(normal, law[0])
    if kind == "correlated":
        return f"{normal} @ root({law[0].data.name})"
    if kind == "bernoulli":
        p = code(law[0], str(leaf))
        return f"1.0 * jax.random.bernoulli({key}, {p}, {shape})"
    cumulants = law[0]
    if len(cumulants) <= 2:
        mean, variance = (*cumulants, sp.S.Zero)[:2]
        return f"{code(mean, str(leaf))} + {_scaled(normal, variance)}"
    if tuple(cumulants) == SIGNS[: len(cumulants)]:
        return f"jax.random.rademacher({key}, {shape}, dtype=float)"
    if len(cumulants) > 4:
        raise NotImplementedError(
            f"no sampler is known of {leaf} with the cumulants {list(cumulants)}; known are "
            f"Gaussian laws, signs, Bernoulli laws, and laws given by four cumulants or fewer"
        )
    four = ", ".join(code(sp.sympify(c), str(leaf)) for c in (*cumulants, 0)[:4])
    return f"three_points({key}, {shape}, {four})"


def _scaled(text: str, variance: sp.Expr) -> str:
    if variance == 1:
        return text
    return f"jnp.sqrt({code(variance, 'a variance')}) * {text}"

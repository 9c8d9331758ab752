"""Letters of sums where formulas are read: none is fresh, none hides another, no value changes."""

import sympy as sp
from hypothesis import given, settings

from tests.index_expressions import Tree, build, examples, free_indices, points, trees, value
from theory.algebra.arrays import array, indices, size, total
from theory.codegen.display import shown
from theory.codegen.latex import latex
from theory.codegen.letters import lettered
from theory.codegen.unicode import unicode

n = size("n")
a, b, i, j, fresh, other = indices("a b i j _000 _001", n)
A, u = array("A", n, n), array("u", n)
V = array("V", n, n, symmetric=True)


def are_clear(e: sp.Basic, around: frozenset[str]) -> bool:
    """Whether each sum has an index of its own, apart from those that are known around it."""
    if not isinstance(e, sp.Sum):
        return all(are_clear(part, around) for part in e.args)
    names = [str(index) for index, *_ in e.limits]
    inside = around | {*names}
    clear = len(set(names) - around) == len(names) and not any(n.startswith("_") for n in names)
    return clear and are_clear(e.function, inside)


@settings(max_examples=examples(150))
@given(trees(u, A, V))
def test_letters_change_no_value_and_none_hides_another(tree: Tree) -> None:
    expression = build(tree)
    (found,) = lettered(expression)
    assert free_indices(found) <= free_indices(expression)  # fewer where a factor is zero
    assert are_clear(found, frozenset(map(str, free_indices(expression))))
    for at in points(expression):
        assert value(found, at) == value(expression, at), f"{expression} is not {found} at {at}"


def test_fresh_indices_get_letters_in_order() -> None:
    (found,) = lettered(total(A[a, fresh] * A[fresh, other], fresh, other))
    assert unicode(latex(found)) == "Σ_(i,j) A^(a i) A^(i j)"


def test_an_index_that_is_known_around_a_sum_gets_another_letter() -> None:
    nested = total(u[i] * total(A[i, j] * total(u[i] * u[j], i), j), i)
    hidden = u[a] * total(A[a, a], a)
    (found, beside) = lettered(nested, hidden)
    assert unicode(latex(found)) == "Σᵢ uⁱ Σⱼ A^(i j) Σₖ uʲ uᵏ"
    assert unicode(latex(beside)) == "uᵃ Σₖ A^(k k)"


def test_letters_do_not_run_out() -> None:
    many = indices(" ".join(f"_{k:03}" for k in range(20)), n)
    (found,) = lettered(total(sp.Mul(*(u[k] for k in many)), *many))
    assert len({str(index) for index, *_ in found.limits}) == 20
    assert "_0" not in latex(found)


def test_a_symmetric_entry_stays_one_and_a_sum_of_zeros_is_zero() -> None:
    assert lettered(total(V[fresh, b], fresh)) == (total(V[b, i], i),)
    assert lettered(u[a] + sp.Sum(0, (i, 0, n - 1))) == (u[a],)


def test_what_is_shown_has_no_fresh_index() -> None:
    left = total(sp.exp(total(A[fresh, other] * u[other], other)) * u[fresh], fresh)
    form = shown(left, left)
    assert "_{000}" not in form.left + form.index_left
    assert unicode(form.index_left) == "Σᵢ (e^(Σⱼ A^(i j) uʲ)) uⁱ"

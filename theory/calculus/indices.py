"""Index notation, in one place: arrays, indices, sums, and what is done with them.

Every expression has one canonical form, a sum of terms with flat sums and canonically named
summation indices, so that two expressions that agree for all sizes by index algebra are
recognised as equal. The parts are in ``theory.algebra``.
"""

from theory.algebra.arrays import NonNegative as NonNegative
from theory.algebra.arrays import Symmetric as Symmetric
from theory.algebra.arrays import array as array
from theory.algebra.arrays import at_most as at_most
from theory.algebra.arrays import extent as extent
from theory.algebra.arrays import indices as indices
from theory.algebra.arrays import size as size
from theory.algebra.arrays import total as total
from theory.algebra.canonical import assemble as assemble
from theory.algebra.canonical import canonical as canonical
from theory.algebra.canonical import collect as collect
from theory.algebra.canonical import complemented as complemented
from theory.algebra.canonical import map_terms as map_terms
from theory.algebra.canonical import terms as terms
from theory.algebra.definitions import Cholesky as Cholesky
from theory.algebra.definitions import Definition as Definition
from theory.algebra.definitions import Softmax as Softmax
from theory.algebra.definitions import define as define
from theory.algebra.definitions import substitute as substitute
from theory.algebra.definitions import unfold as unfold
from theory.algebra.explicit import unroll as unroll
from theory.algebra.rules import contract_pairs as contract_pairs
from theory.algebra.rules import contract_rows as contract_rows
from theory.algebra.scope import Fresh as Fresh
from theory.algebra.scope import free_indices as free_indices
from theory.algebra.scope import instantiate as instantiate
from theory.algebra.symbols import symbol as symbol
from theory.algebra.terms import Term as Term

"""What a function returns, as float64: nothing is converted that would become another number."""

import sysconfig
import traceback
from fractions import Fraction
from numbers import Integral, Real
from pathlib import Path
from typing import Any

import numpy as np
import sympy as sp
from jaxtyping import Float, Int

EXACT = 2**53  # integers beyond it are not all doubles


class ClaimError(ValueError):
    """A function of a claim failed or returned what cannot be judged: a fault of the input.

    ``frames``: where in the function's own code it failed, as Python prints it, or nothing.
    """

    frames = ""


FAULTS = (Exception, SystemExit, GeneratorExit)  # what a user's function may end with


def in_words(error: BaseException) -> str:
    """The kind and the message of an error, also where making the message fails."""
    try:
        return f"{type(error).__name__}: {error}"
    except FAULTS:
        return f"{type(error).__name__}, which has no message"


def frames_of(error: BaseException) -> str:
    """The traceback of an error without frames of this package and of installed libraries."""
    here, library = str(Path(__file__).parent), sysconfig.get_paths()["purelib"]
    own = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if not frame.filename.startswith((here, library))
    ]
    return "".join(traceback.format_list(own)) + in_words(error) if own else ""


class Undecided(Exception):
    """Raised where a rule can decide nothing: the message says why, and what would help.

    ``final``: no number of seeds would.
    """

    def __init__(self, why: str, *, final: bool = False) -> None:
        """The reason in words."""
        super().__init__(why)
        self.final = final


def stated(
    claim_id: str, what: str, raw: Any, *, infinite: bool = False
) -> Float[np.ndarray, "..."]:
    """Numbers that a claim states, as float64; raises ClaimError for what is no real number.

    They may be of Python, NumPy or SymPy, or fractions. ``infinite`` admits infinities.
    """
    try:
        values = real_values(_as_floats(raw), single=True)
    except OverflowError as error:
        raise ClaimError(
            f"claim {claim_id}, {what}: expected finite numbers, received one beyond all doubles"
        ) from error
    except ValueError as error:
        raise ClaimError(f"claim {claim_id}, {what}: {error}") from error
    if np.isnan(values).any() or not (infinite or np.isfinite(values).all()):
        raise ClaimError(f"claim {claim_id}, {what}: expected finite numbers, received {values}")
    return values


def stated_number(claim_id: str, what: str, raw: Any) -> float:
    """One finite number that a claim states; raises ClaimError for anything else."""
    values = stated(claim_id, what, raw)
    if values.ndim:
        raise ClaimError(f"claim {claim_id}, {what}: expected one number, received {raw!r}")
    return float(values)


def require_whole(what: str, value: Any, least: int) -> None:
    """Raise TypeError or ValueError for an argument that is no whole number from ``least`` on."""
    if isinstance(value, bool | np.bool_) or not isinstance(value, Integral):
        raise TypeError(f"expected {what}, a whole number, received {value!r}")
    if value < least:
        raise ValueError(f"expected {what} of at least {least}, received {value}")


def require_budget(value: Any) -> None:
    """Raise TypeError or ValueError for what is no probability of false refutation."""
    if isinstance(value, bool | np.bool_) or not isinstance(value, Real):
        raise TypeError(f"expected a budget, a number between 0 and 1, received {value!r}")
    if not 0 < float(value) < 1:
        raise ValueError(f"expected a budget between 0 and 1, received {value}")


def _as_floats(raw: Any) -> Any:
    """Fractions and SymPy's real numbers as floats, also within lists, arrays and matrices."""
    if isinstance(raw, sp.MatrixBase):
        raw = list(raw) if 1 in raw.shape else raw.tolist()
    if isinstance(raw, np.ndarray) and raw.dtype == object:
        raw = raw.tolist()
    if isinstance(raw, list | tuple):
        return [_as_floats(entry) for entry in raw]
    known = isinstance(raw, sp.Expr) and raw.is_number and raw.is_extended_real
    return float(raw) if known or isinstance(raw, Fraction) else raw


def real_values(
    raw: Any, *, events: bool = False, single: bool = False
) -> Float[np.ndarray, "..."]:
    """The array as float64, of the same shape; raises ValueError for what is not real double data.

    Refused are complex numbers, masked entries, single or extended precision, integers beyond
    2**53, truth values, text, dates and objects, also where a list mixes them with doubles, which
    NumPy would convert. ``events`` admits truth values, ``single`` lower
    precision: for numbers that are stated, not measured.
    """
    if _masked(raw):
        shape = raw.shape if isinstance(raw, np.ma.MaskedArray) else (len(raw),)
        raise ValueError(_expected("a masked array with entries that are masked", shape))
    if isinstance(raw, list | tuple):
        _require_no_promotion(raw, events, single)
    values = np.asarray(raw)
    kind = values.dtype.kind
    whole = kind in "iu" and (values.size == 0 or _largest(values) <= EXACT)
    double = values.dtype == np.float64 or (single and np.can_cast(values.dtype, np.float64))
    if whole or (kind == "f" and double) or (kind == "b" and events):
        return values.astype(np.float64)
    remedy = {
        "c": "; judge the modulus, or the real and the imaginary part one by one",
        "f": "; compute in double precision, or convert with .astype(float) what is meant to be",
        "V": "; compute in double precision, or convert with .astype(float) what is meant to be",
    }.get(kind, "")
    large = " beyond 2**53" if kind in "iu" else ""
    raise ValueError(_expected(f"{values.dtype}{large}", values.shape) + remedy)


def _masked(raw: Any) -> bool:
    if isinstance(raw, list | tuple):
        return any(map(_masked, raw))
    return isinstance(raw, np.ma.MaskedArray) and bool(np.ma.is_masked(raw))


def _require_no_promotion(raw: list | tuple, events: bool, single: bool) -> None:
    """Refuse a list with an entry that would be refused alone: together they may look like doubles.

    Large integers and truth values become doubles beside a double, single precision as well.
    """
    for entry in raw:
        if isinstance(entry, list | tuple):
            _require_no_promotion(entry, events, single)
        elif not isinstance(entry, float):  # np.float64 is one
            real_values(entry, events=events, single=single)
    if events and len({isinstance(entry, bool | np.bool_) for entry in raw}) > 1:
        raise ValueError(_expected("truth values beside numbers", (len(raw),)))


def _largest(values: np.ndarray) -> int:
    return max(int(values.max()), -int(values.min()))


def _expected(received: str, shape: tuple[int, ...]) -> str:
    return (
        f"expected real numbers in double precision (float64), received {received}, shape {shape}"
    )


def unit_of(*values: Float[np.ndarray, "_ K"]) -> Int[np.ndarray, " K"]:
    """Binary exponents of the largest magnitudes of the columns, 0 where a column is zero.

    The judge's sums and squares are taken in units of 2**exponent: they neither overflow nor
    underflow, and as a power of two changes no digit, no verdict depends on a measured unit.
    """
    largest = np.max([np.abs(part).max(axis=0, initial=0.0) for part in values], axis=0)
    return np.where(np.isfinite(largest), np.frexp(largest)[1], 0)


def common_unit(values: Float[np.ndarray, "..."]) -> int:
    """The exponent of all values together."""
    return int(unit_of(values.reshape(-1, 1))[0])


def in_unit(values: Any, unit: Any) -> Any:
    """The values in units of 2**unit; ``-unit`` leads back, to infinity beyond all doubles."""
    with np.errstate(over="ignore"):
        return np.ldexp(values, np.negative(unit))

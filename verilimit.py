"""The public face of verilimit, and its command.

``import verilimit as vl``; then ``vl.RateClaim``, ``vl.Theorem``, ``vl.probe_attention``. A name is
imported when it is first asked for, so the face itself imports neither JAX nor SymPy.

The import names ``theory``, ``numerics`` and ``checks`` are generic, so a project may have such
packages, too: the command and the first public name let both live (`verilimit_namesakes`).
"""

import os
import sys
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from verilimit_namesakes import admit

if TYPE_CHECKING:  # the one list of public names: type checkers read it, and so does `_places`
    # what a theory is written with
    from checks.app.layer_tests import pytest_claims as pytest_claims
    from checks.properties import strategies as strategies
    from checks.properties.attention_laws import probe_attention as probe_attention
    from checks.properties.coordinates import CoordinateCheck as CoordinateCheck
    from checks.properties.coordinates import coordinate_check as coordinate_check
    from checks.properties.derivatives import attention_lipschitz as attention_lipschitz
    from checks.properties.modules import AttentionModule as AttentionModule
    from checks.properties.optimizer_laws import probe_optimizer as probe_optimizer
    from checks.properties.probe import Outside as Outside
    from checks.properties.probe import Probe as Probe
    from checks.properties.probe import Violation as Violation
    from checks.properties.probe import require as require
    from checks.recorded.claim import RecordedRateClaim as RecordedRateClaim
    from checks.recorded.comparison import compare as compare
    from checks.recorded.estimates import estimate as estimate
    from checks.recorded.recorded import recorded as recorded
    from checks.suite.house import House as House
    from checks.suite.house import part_of_room as part_of_room
    from checks.suite.picture import Picture as Picture
    from checks.suite.problem import InputProblem as InputProblem
    from checks.suite.roots import Root as Root
    from checks.verdicts import TIERS as TIERS
    from checks.verdicts import Calibration as Calibration
    from checks.verdicts import CertifiedClaim as CertifiedClaim
    from checks.verdicts import Claim as Claim
    from checks.verdicts import ClaimError as ClaimError
    from checks.verdicts import Column as Column
    from checks.verdicts import ConstantClaim as ConstantClaim
    from checks.verdicts import Data as Data
    from checks.verdicts import DecayClaim as DecayClaim
    from checks.verdicts import Experiment as Experiment
    from checks.verdicts import Finding as Finding
    from checks.verdicts import FrequencyClaim as FrequencyClaim
    from checks.verdicts import GrowthClaim as GrowthClaim
    from checks.verdicts import IdentityClaim as IdentityClaim
    from checks.verdicts import IndependenceClaim as IndependenceClaim
    from checks.verdicts import InequalityClaim as InequalityClaim
    from checks.verdicts import LawClaim as LawClaim
    from checks.verdicts import LimitClaim as LimitClaim
    from checks.verdicts import LocationClaim as LocationClaim
    from checks.verdicts import Measure as Measure
    from checks.verdicts import MomentClaim as MomentClaim
    from checks.verdicts import MonotoneClaim as MonotoneClaim
    from checks.verdicts import Mutant as Mutant
    from checks.verdicts import RateClaim as RateClaim
    from checks.verdicts import Result as Result
    from checks.verdicts import Role as Role
    from checks.verdicts import Statements as Statements
    from checks.verdicts import Test as Test
    from checks.verdicts import Undecided as Undecided
    from checks.verdicts import Verdict as Verdict
    from checks.verdicts import With as With
    from checks.verdicts import calibrate as calibrate
    from checks.verdicts import drifting as drifting
    from checks.verdicts import dtype_tolerance as dtype_tolerance
    from checks.verdicts import growing as growing
    from checks.verdicts import judge as judge
    from checks.verdicts import lowered as lowered
    from checks.verdicts import raised as raised
    from checks.verdicts import settle as settle
    from numerics.spectral_concentration import adamw2 as adamw2
    from numerics.spectral_concentration import spectral_cap as spectral_cap
    from numerics.training.torch_adamw2 import torch_adamw2 as torch_adamw2
    from theory.algebra.arrays import array as array
    from theory.algebra.arrays import indices as indices
    from theory.algebra.arrays import size as size
    from theory.algebra.arrays import total as total
    from theory.algebra.canonical import canonical as canonical
    from theory.algebra.definitions import Cholesky as Cholesky
    from theory.algebra.definitions import Definition as Definition
    from theory.algebra.definitions import LogSoftmax as LogSoftmax
    from theory.algebra.definitions import Softmax as Softmax
    from theory.algebra.definitions import define as define
    from theory.algebra.definitions import unfold as unfold
    from theory.algebra.symbols import symbol as symbol
    from theory.calculus.expansion import taylor as taylor
    from theory.calculus.gaussian import covariance as covariance
    from theory.calculus.gaussian import expectation as expectation
    from theory.calculus.limits import large_limit as large_limit
    from theory.calculus.limits import leading as leading
    from theory.certify.inequality import Factored as Factored
    from theory.certify.inequality import Inequality as Inequality
    from theory.codegen.function import Function as Function
    from theory.codegen.latex import latex as latex
    from theory.language import Assumption as Assumption
    from theory.language import Derivation as Derivation
    from theory.language import Kind as Kind
    from theory.language import Rate as Rate
    from theory.language import Sentence as Sentence
    from theory.language import Source as Source
    from theory.language import Status as Status
    from theory.language import Step as Step
    from theory.language import Theorem as Theorem
    from theory.language import run_steps as run_steps
    from theory.layers import Array as Array
    from theory.layers import Layer as Layer
    from theory.layers import LayerError as LayerError
    from theory.layers import N as N
    from theory.layers import absolute as absolute
    from theory.layers import bernoulli as bernoulli
    from theory.layers import cos as cos
    from theory.layers import data as data
    from theory.layers import erf as erf
    from theory.layers import exp as exp
    from theory.layers import fixed as fixed
    from theory.layers import gaussian as gaussian
    from theory.layers import gelu as gelu
    from theory.layers import gradient as gradient
    from theory.layers import gradient_flow as gradient_flow
    from theory.layers import heads as heads
    from theory.layers import independent as independent
    from theory.layers import layer_norm as layer_norm
    from theory.layers import log as log
    from theory.layers import mean as mean
    from theory.layers import means as means
    from theory.layers import outer as outer
    from theory.layers import positive as positive
    from theory.layers import real as real
    from theory.layers import relu as relu
    from theory.layers import rms_norm as rms_norm
    from theory.layers import sigmoid as sigmoid
    from theory.layers import sign as sign
    from theory.layers import silu as silu
    from theory.layers import sin as sin
    from theory.layers import sizes as sizes
    from theory.layers import softmax as softmax
    from theory.layers import softplus as softplus
    from theory.layers import sqrt as sqrt
    from theory.layers import state as state
    from theory.layers import sum as sum
    from theory.layers import sums as sums
    from theory.layers import tanh as tanh
    from theory.layers import unit as unit
    from theory.limits import Limit as Limit
    from theory.limits import derive as derive


def __getattr__(name: str) -> Any:
    """Import a public name; raises ImportError when a project's modules clash with verilimit's."""
    if name == "__all__":
        return __dir__()
    places = {} if name.startswith("__") else _places()  # Python asks modules for such names
    if name not in places:
        raise AttributeError(f"module “verilimit” has no name “{name}”; dir(verilimit) lists all")
    if clash := admit():
        raise ImportError(clash)
    module, original = places[name]
    found = import_module(module)
    if not hasattr(found, original):
        import_module(f"{module}.{original}")
    value = globals()[name] = getattr(found, original)
    return value


def __dir__() -> list[str]:
    """The public names."""
    return sorted(_places())


@cache
def _places() -> dict[str, tuple[str, str]]:
    """For each public name its module and its name there, from the imports above."""
    import ast

    block = next(node for node in ast.parse(_source()).body if isinstance(node, ast.If))
    return {
        alias.asname or alias.name: (node.module or "", alias.name)
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


def _source() -> str:
    return Path(__file__).read_text(encoding="utf-8")


def main() -> None:
    """Entry point of the console script and of ``python -m verilimit``."""
    if clash := admit():
        print(clash, file=sys.stderr)
        raise SystemExit(2)
    from checks.suite.supervisor import supervised

    os.environ["JAX_ENABLE_X64"] = "1"  # a process of our own, and those that it starts

    raise SystemExit(supervised(_command))


def _command() -> int:
    from checks.app.main import status

    return status()


if __name__ == "__main__":
    main()

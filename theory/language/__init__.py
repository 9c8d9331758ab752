"""The vocabulary: Theorem, Derivation, Step, Rate."""

from theory.language.coverage import Sentence as Sentence
from theory.language.rate import Kind as Kind
from theory.language.rate import Rate as Rate
from theory.language.step import Outcome as Outcome
from theory.language.step import Status as Status
from theory.language.step import Step as Step
from theory.language.step import StepKind as StepKind
from theory.language.step import counted as counted
from theory.language.step import exit_status as exit_status
from theory.language.step import lasting as lasting
from theory.language.theorem import Assumption as Assumption
from theory.language.theorem import Derivation as Derivation
from theory.language.theorem import Source as Source
from theory.language.theorem import Theorem as Theorem
from theory.language.worker import DerivationsBeside as DerivationsBeside
from theory.language.worker import run_steps as run_steps

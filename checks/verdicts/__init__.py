"""Claims, planted errors, and the rules that decide with controlled error."""

from .automatic import mutants_of as mutants_of
from .benchmark import calibrate_judge as calibrate_judge
from .calibration import Calibration as Calibration
from .calibration import calibrate as calibrate
from .claim import Claim as Claim
from .claim import Mutant as Mutant
from .claims import ConstantClaim as ConstantClaim
from .claims import GrowthClaim as GrowthClaim
from .claims import IndependenceClaim as IndependenceClaim
from .claims import RateClaim as RateClaim
from .evidence import Measure as Measure
from .judge import judge as judge
from .observations import DecayClaim as DecayClaim
from .observations import IdentityClaim as IdentityClaim
from .observations import InequalityClaim as InequalityClaim
from .observations import LawClaim as LawClaim
from .observations import MomentClaim as MomentClaim
from .observations import dtype_tolerance as dtype_tolerance
from .outcome import MutantOutcome as MutantOutcome
from .outcome import Result as Result
from .outcome import Test as Test
from .outcome import Verdict as Verdict
from .settlement import settle as settle
from .tasks import ClaimError as ClaimError
from .tasks import Task as Task
from .tasks import evaluate as evaluate

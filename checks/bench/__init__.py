"""How fast things are, as ratios of one run: what `verilimit bench --speed` measures.

A room that has something to time has a file ``benchmarks.py`` with a tuple ``benchmarks`` of the
kinds here. Machines are shared and differ: nothing is asserted about a time.
"""

from .kinds import Benchmark as Benchmark
from .kinds import Compiling as Compiling
from .kinds import Growth as Growth
from .kinds import Kernel as Kernel
from .kinds import Ratio as Ratio
from .kinds import Row as Row
from .programs import Program as Program

"""Claims of a user's file that say what they read are kept, and never with other data or code."""

from pathlib import Path

import numpy as np
import pytest

from tests.conftest import Run
from verilimit import IdentityClaim, Mutant

FILE = """
from pathlib import Path
import numpy as np
import helper
from verilimit import IdentityClaim, Mutant

HERE = Path(__file__).parent

def residual(size, keys):
    with (HERE / "measured").open("a") as log:
        log.write("x")
    value = helper.VALUE + float((HERE / "data" / "a.txt").read_text())
    return np.full(len(keys), value)

claim = IdentityClaim(
    id="my/zero", sizes={"n": [1]}, residual=residual, tolerance=0.5, DEPENDS,
    mutants=[Mutant("one", "one", data=lambda d: d.mapped("residual", lambda s, x: x + 1))],
)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.txt").write_text("0.0")
    (tmp_path / "helper.py").write_text("VALUE = 0.0\n")
    (tmp_path / "claims.py").write_text(FILE.replace("DEPENDS", 'depends=["data"]'))
    return tmp_path


def times_measured(
    folder: Path, verilimit: Run, jobs: str = "1", status: int = 0, **variables: str
) -> int:
    (folder / "measured").unlink(missing_ok=True)
    done = verilimit("check", "claims.py", "-j", jobs, "-q", **variables)
    assert done.returncode == status, done.stderr
    log = folder / "measured"
    return len(log.read_text()) if log.exists() else 0


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_declared_claim_is_measured_once(folder: Path, verilimit: Run, jobs: str) -> None:
    assert times_measured(folder, verilimit, jobs) > 0
    assert times_measured(folder, verilimit, jobs) == 0


def test_without_a_declaration_it_is_measured_anew(folder: Path, verilimit: Run) -> None:
    (folder / "claims.py").write_text(FILE.replace("DEPENDS", "depends=None"))
    assert times_measured(folder, verilimit) > 0
    assert times_measured(folder, verilimit) > 0


@pytest.mark.parametrize(
    ("file", "text", "status"),
    [
        ("data/a.txt", "0.9", 1),
        ("helper.py", "VALUE = 0.9\n", 1),
        ("claims.py", FILE.replace("DEPENDS", "depends=['data']").replace("0.5", "-1.0"), 2),
        ("data/b.txt", "", 0),
        ("data/deep/c.txt", "", 0),
    ],
)
def test_it_is_measured_anew_with_other_data_or_code(
    file: str, text: str, status: int, folder: Path, verilimit: Run
) -> None:
    assert times_measured(folder, verilimit) > 0
    (folder / file).parent.mkdir(exist_ok=True)
    (folder / file).write_text(text)
    assert (times_measured(folder, verilimit, status=status) > 0) is (status != 2)


def test_what_is_declared_counts_though_python_does_not_see_it_read(
    folder: Path, verilimit: Run
) -> None:
    text = FILE.replace("DEPENDS", 'depends=["weights.bin"]')
    (folder / "claims.py").write_text(text)
    (folder / "weights.bin").write_bytes(b"1")
    assert times_measured(folder, verilimit) > 0
    assert times_measured(folder, verilimit) == 0
    (folder / "weights.bin").write_bytes(b"2")
    assert times_measured(folder, verilimit) > 0


def test_a_variable_that_is_read_while_the_file_loads_counts(folder: Path, verilimit: Run) -> None:
    text = FILE.replace("DEPENDS", "depends=()")
    text = text.replace("HERE =", "import os\nV = os.environ['V']\nHERE =")
    (folder / "claims.py").write_text(text)
    assert times_measured(folder, verilimit, V="1") > 0
    assert times_measured(folder, verilimit, V="1") == 0
    assert times_measured(folder, verilimit, V="2") > 0


def test_a_linked_folder_is_looked_into(
    folder: Path, verilimit: Run, tmp_path_factory: pytest.TempPathFactory
) -> None:
    real = tmp_path_factory.mktemp("real")
    (real / "weights.bin").write_bytes(b"1")
    (folder / "data" / "link").symlink_to(real)
    (folder / "data" / "loop").symlink_to(folder / "data")
    assert times_measured(folder, verilimit) > 0
    (real / "weights.bin").write_bytes(b"2")
    assert times_measured(folder, verilimit) > 0


def test_a_declared_file_that_is_not_there_is_named(folder: Path, verilimit: Run) -> None:
    (folder / "claims.py").write_text(FILE.replace("DEPENDS", 'depends=["data", "absent.csv"]'))
    done = verilimit("check", "claims.py", "-j", "1")
    assert done.returncode == 2
    assert "absent.csv" in done.stderr
    assert "Mend the paths in depends" in done.stderr


def test_one_path_that_is_no_list_is_refused() -> None:
    with pytest.raises(ValueError, match="expected depends to be a list of paths"):
        IdentityClaim(
            id="my/zero", sizes={"n": [1]}, residual=lambda s, k: np.zeros(len(k)), tolerance=1.0,
            depends="data.csv",
            mutants=[Mutant("one", "one", {"residual": lambda s, k: np.ones(len(k))})],
        )  # fmt: skip

"""The command ``verilimit``, and its public names: ``import verilimit as vl``.

The command makes sure that Python finds the packages beside it, then starts.

The import names ``theory``, ``numerics`` and ``checks`` are generic, so another package may hide
one of them. Running on with a stranger's ``checks`` would fail in a baffling way much later.
"""

import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

PACKAGES = ("theory", "numerics", "checks")

# Whose names are public, in this order.
PUBLIC = ("theory.layers", "theory.limits", "checks.app.layer_tests")


def __getattr__(name: str) -> Any:
    """A public name, imported when it is first asked for."""
    if not name.startswith("_"):
        for module in map(import_module, PUBLIC):
            if hasattr(module, name):
                return getattr(module, name)
    raise AttributeError(f"verilimit has no public name {name}")


def shadowed_packages() -> dict[str, str]:
    """Packages of verilimit that another package hides, each with the place Python finds."""
    home = Path(__file__).resolve().parent
    hidden = {}
    for name in PACKAGES:
        spec = find_spec(name)
        found = spec.origin if spec else None
        if found is None or Path(found).resolve() != home / name / "__init__.py":
            hidden[name] = found or "nowhere"
    return hidden


def shadow_message(hidden: dict[str, str]) -> str:
    """What is hidden by which path, and what to do about it."""
    home = Path(__file__).resolve().parent
    lines = [f"the package “{name}” is found at {where}" for name, where in hidden.items()]
    return (
        f"verilimit: expected its packages beside {home / 'verilimit.py'}; received: "
        f"{'; '.join(lines)}. Run from another directory, or rename or uninstall the package "
        "that hides it (PYTHONPATH and the current directory come before installed packages)."
    )


def main() -> None:
    """Entry point of the console script and of ``python -m verilimit``."""
    hidden = shadowed_packages()
    if hidden:
        print(shadow_message(hidden), file=sys.stderr)
        raise SystemExit(2)
    from checks.app.main import run

    run()


if __name__ == "__main__":
    main()

"""Coverage: which sentence of a paper is derived, measured or probed, and which is not."""

from dataclasses import dataclass

from theory.algebra.given import several, text


@dataclass(frozen=True)
class Sentence:
    """One sentence of what a paper states, and what here stands for it.

    ``steps`` are names of steps, ``claims`` ids of claims without the room's part, ``probes`` names
    of assumptions that have a probe. ``missing`` says what of the sentence nothing here looks at,
    and why; a sentence with nothing else is not checked at all.
    """

    says: str
    steps: tuple[str, ...] = ()
    claims: tuple[str, ...] = ()
    probes: tuple[str, ...] = ()
    missing: str = ""

    def __post_init__(self) -> None:
        """Reject a sentence of which nothing is said."""
        text(self.says, "what a sentence says")
        text(self.missing, f"“{self.says}”: missing")
        for name in ("steps", "claims", "probes"):
            names = several(getattr(self, name), str, f"“{self.says}”: {name}")
            object.__setattr__(self, name, names)
        if not self.says.strip():
            raise ValueError("a sentence of a coverage says nothing; write what the paper states")
        if not (self.steps or self.claims or self.probes or self.missing):
            raise ValueError(
                f"coverage of “{self.says}”: expected steps, claims or probes, or what is missing; "
                "received nothing"
            )

    @property
    def word(self) -> str:
        """``CHECKED``, ``IN PART`` or ``NOT CHECKED``."""
        if not (self.steps or self.claims or self.probes):
            return "NOT CHECKED"
        return "IN PART" if self.missing else "CHECKED"

    @property
    def seen_by(self) -> str:
        """What stands for the sentence, in words."""
        parts = (("steps", self.steps), ("claims", self.claims), ("probes", self.probes))
        return "; ".join(f"{kind}: {', '.join(names)}" for kind, names in parts if names)

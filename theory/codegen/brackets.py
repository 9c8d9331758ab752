"""Where a fraction or a root in one line needs brackets, so that it says what it said in two."""

import re
from collections.abc import Iterable, Sequence

from theory.codegen.signs import BEGIN, END, LOWERED, RAISED, ROOT

OPENING, CLOSING = "([⟨⌈⌊", ")]⟩⌉⌋"
# Text, and its kind where brackets depend on it: a fraction, a root, a power (in a group), raised.
Piece = tuple[str, str]

_MARKS = "".join(chr(c) for table in (RAISED, LOWERED) for c in table.values())
_SCRIPTS = rf"(?:[{_MARKS}ᵀ′'*\u0300-\u036f]|[\^_](?:\w|\([^()]*\)))*"
_LETTER = rf"(?![{_MARKS}ᵀ])[^\W\d_]{_SCRIPTS}"
_NUMBER, WORD, _SIGN = r"\d+(?:\.\d+)?", f"{BEGIN}[^{END}]*{END}", f"[{_MARKS}]*[√∛∜]"
_ATOM = re.compile(rf"(?:{_SIGN})?(?:{_NUMBER}|{_LETTER}|{WORD}){_SCRIPTS}{ROOT}?")
_LETTERS = re.compile(rf"(?:{_NUMBER}|∂{_SCRIPTS}|{_LETTER})+")
_DIFFERENTIAL = re.compile(rf"[d∂]{_SCRIPTS} ?(?:{_LETTER})?/[d∂] ?{_LETTER}")
_CALLED = re.compile(rf"(?:{_SIGN}|{WORD})?(?=[{re.escape(OPENING)}])")
_FACTOR = re.compile(rf"[!\w√∛∜∏∫∂∇∞/'′{BEGIN}{re.escape(OPENING)}]")


def fraction(above: str, below: str) -> str:
    """Above over below, each in brackets unless what it takes is one thing."""
    if _DIFFERENTIAL.fullmatch(f"{above}/{below}"):
        return "/".join(re.sub(rf"^([d∂]{_SCRIPTS}) ", r"\1", side) for side in (above, below))
    above = above if _LETTERS.fullmatch(above) or is_one(above) else f"({above})"
    return f"{above}/{below if is_one(below) else f'({below})'}"


def is_one(text: str) -> bool:
    """Whether it is a number, a letter, a word, a group in brackets or a root, with scripts."""
    if _ATOM.fullmatch(text):
        return True
    if text[:1] and text[:1] in "|‖":
        return text.count(text[0]) == 2 and text[-1] == text[0]
    if not (start := _CALLED.match(text)):
        return False
    depth = 0
    for at, sign in enumerate(text[start.end() :], start.end()):
        depth += (sign in OPENING) - (sign in CLOSING)
        if depth == 0:
            return bool(re.fullmatch(f"{_SCRIPTS}{ROOT}?", text[at + 1 :]))
    return False


def among(pieces: Sequence[Piece], k: int) -> str:
    """A piece of a row: a fraction is in brackets where a factor follows or a function precedes."""
    text, kind = pieces[k]
    if kind != "frac":
        return text
    before = _first(pieces[j][0] for j in reversed(range(k))).rstrip()
    after = _first(pieces[j][0] for j in range(k + 1, len(pieces))).lstrip()
    norm = after[:1] in ("|", "‖") and sum(t.count(after[0]) for t, _ in pieces[:k]) % 2 == 0
    alone = not (norm or before.endswith((END, "/")) or _FACTOR.match(after))
    return text if alone else f"({text})"


def _first(texts: Iterable[str]) -> str:
    """The first that is more than a space."""
    return next((text for text in texts if text.strip()), "")

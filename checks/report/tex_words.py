"""Words for LaTeX: special characters, Greek letters, sub- and superscripts."""

import re
import unicodedata

SPECIAL = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#",
    "%": r"\%", "\0": "{}", "_": r"\_", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    "“": "``", "”": "''", "‘": "`", "’": "'", "…": r"\ldots{}", "–": "--", "—": "---",
}  # fmt: skip
MATH = {
    "→": r"\to", "≤": r"\le", "≥": r"\ge", "≠": r"\ne", "≈": r"\approx", "×": r"\times",
    "·": r"\cdot", "±": r"\pm", "∞": r"\infty", "∂": r"\partial", "√": r"\surd", "∈": r"\in",
    "−": "-", "∼": r"\sim", "⊤": r"\top", "∇": r"\nabla", "∫": r"\int", "∑": r"\sum", "≪": r"\ll",
    "≫": r"\gg", "⟨": r"\langle", "⟩": r"\rangle", "‖": r"\|", "ℝ": r"\mathbb{R}", "⊗": r"\otimes",
    "𝒜": r"\mathcal{A}", "∝": r"\propto", "⇒": r"\Rightarrow", "ν": r"\nu",
}  # fmt: skip
BREAK = r"\allowbreak{}"
LIGATURE = re.compile("([-<>`',])(?=\\1)")  # two are one sign of another kind


def escaped(text: str) -> str:
    """Words for LaTeX: special characters, Greek letters, sub- and superscripts."""
    apart = LIGATURE.sub("\\1\0", str(text))
    return "".join(_escaped(character) for character in apart)


def words(name: str) -> str:
    """A name in typewriter type, which may be broken after its parts, and after 16 signs."""
    parts = re.findall(r"[^-/.\s]{1,16}[-/.\s]?|[-/.\s]", str(name))
    return rf"\words{{{BREAK.join(map(escaped, parts))}}}"


def _escaped(character: str) -> str:
    if character in SPECIAL:
        return SPECIAL[character]
    if character in MATH:
        return rf"\ensuremath{{{MATH[character]}}}"
    if ord(character) < 0x100:  # the T1 encoding has all of Latin-1
        return character
    name = unicodedata.name(character, "")
    if name.startswith("GREEK"):
        kind, letter = name.split()[1], name.split()[-1].lower()
        greek = letter.capitalize() if kind == "CAPITAL" else letter
        latin = {
            "Alpha": "A",
            "Beta": "B",
            "omicron": "o",
            "lamda": r"\lambda",
            "Lamda": r"\Lambda",
        }
        return rf"\ensuremath{{{latin.get(greek, chr(92) + greek)}}}"
    kind, _, codes = unicodedata.decomposition(character).partition(" ")
    plain = "".join(chr(int(code, 16)) for code in codes.split())
    if kind in ("<sub>", "<super>"):
        mark = "_" if kind == "<sub>" else "^"
        return rf"\ensuremath{{{mark}{{{plain.replace(chr(0x2212), '-')}}}}}"
    return rf"\texttt{{U+{ord(character):04X}}}"

r"""Formulas in one line of Unicode, for terminals: ``V A^\top`` is ``V Aᵀ``."""

import re
from collections.abc import Sequence

_GREEK = """
    alpha α beta β gamma γ delta δ epsilon ε zeta ζ eta η theta θ iota ι kappa κ lambda λ mu μ nu ν
    xi ξ pi π rho ρ sigma σ tau τ upsilon υ phi φ chi χ psi ψ omega ω Gamma Γ Delta Δ Theta Θ
    Lambda Λ Xi Ξ Pi Π Sigma Σ Upsilon Υ Phi Φ Psi Ψ Omega Ω varepsilon ϵ vartheta ϑ varrho ϱ
    varphi ϕ varsigma ς varpi ϖ
"""
GREEK: dict[str, str] = dict(zip(_GREEK.split()[::2], _GREEK.split()[1::2], strict=True))
SIGNS = {
    "cdot": "·", "times": "×", "odot": "⊙", "otimes": "⊗", "le": "≤", "leq": "≤", "ge": "≥",
    "geq": "≥", "ne": "≠", "neq": "≠", "approx": "≈", "sim": "∼", "to": "→", "infty": "∞",
    "partial": "∂", "nabla": "∇", "int": "∫", "sum": "Σ", "prod": "∏", "in": "∈", "top": "ᵀ",
    "langle": "⟨", "rangle": "⟩", "pm": "±", "ell": "ℓ", "ldots": "…", "dots": "…", "cdots": "⋯",
    "lfloor": "⌊", "rfloor": "⌋", "mid": "|", "prime": "′", "star": "*", "ast": "*", "propto": "∝",
    "ll": "≪", "gg": "≫", "infin": "∞", "cup": "∪", "circ": "∘", "hbar": "ħ", "Vert": "‖",
    "quad": "  ", "leftarrow": "←", "rightarrow": "→", "wedge": "∧", "vee": "∨", "perp": "⊥",
}  # fmt: skip
OVER = {"hat": "\u0302", "bar": "\u0304", "tilde": "\u0303", "dot": "\u0307", "overline": "\u0304"}
WORDS = ("mathrm", "operatorname", "text", "mathbf", "mathcal", "mathbb", "mathit", "mathsf")
RAISED = str.maketrans(
    "0123456789+-=()abcdefghijklmnoprstuvwxyzTα", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻᵀᵅ"
)
LOWERED = str.maketrans(
    "0123456789+-=()aeijklmnoprstuvxβγρφχ", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓᵦᵧᵨᵩᵪ"
)
TOKEN = re.compile(r"\\[A-Za-z]+\*?|\\.|[A-Za-z]|\d+(?:\.\d+)?|\s+|.", re.DOTALL)
BEGIN, END = "\1", "\2"  # of a word, which does not run into a letter beside it: ``log n``


def unicode(latex: str) -> str:
    r"""One line of Unicode for LaTeX of formulas; what it does not know stays as it is.

    ``\frac{a}{b + c}`` is ``a/(b + c)``, ``x^{2}`` is ``x²``, and ``X^{a b}`` is ``X^(a b)``.
    """
    text = _Reader(TOKEN.findall(latex)).row("")
    text = re.sub(rf"(?<=[\w)]){BEGIN}|{END}(?=\w)|{END}{BEGIN}", " ", text)
    text = re.sub(r"(?<=[⟨(]) | (?=[⟩),])", "", _without_edges(text))
    return re.sub(r" +", " ", text).strip()


class _Reader:
    """Reads tokens from left to right."""

    def __init__(self, tokens: Sequence[str]) -> None:
        self.tokens, self.at = tokens, 0

    def row(self, end: str) -> str:
        """Everything up to the token ``end``, which is passed over."""
        text = ""
        while self.at < len(self.tokens):
            token = self.tokens[self.at]
            if token == end:
                self.at += 1
                break
            if token in "^_" and len(token) == 1:
                self.at += 1
                text = text.rstrip() + _script(token, self.argument())
            else:
                text += self.argument()
        return text

    def argument(self) -> str:
        """One token, or a group in braces, in Unicode."""
        if self.at >= len(self.tokens):
            return ""
        token = self.tokens[self.at]
        self.at += 1
        if token == "{":
            return self.row("}")
        if not token.startswith("\\"):
            return " " if token.isspace() else "−" if token == "-" else token
        return self._command(token[1:])

    def _command(self, name: str) -> str:
        if name in ("left", "right", "displaystyle", "limits", "nolimits"):
            inner = self._next() if name in ("left", "right") else ""
            return "" if inner == "." else inner
        if name in ("frac", "tfrac", "dfrac"):
            return f"{_bracketed(self._next())}/{_bracketed(self._next())}"
        if name == "sqrt":
            return self._root()
        if name in WORDS:
            return _word(self._next())
        if name in OVER:
            inner = self._next()
            return inner + OVER[name] if len(inner) == 1 else f"{name}({inner})"
        if name in (" ", ",", ";", ":", "!"):
            return "" if name == "!" else " "
        if name == "|":
            return "‖"
        return (GREEK | SIGNS).get(name) or _word(name)

    def _root(self) -> str:
        degree = ""
        if self.at < len(self.tokens) and self.tokens[self.at] == "[":
            self.at += 1
            degree = self.row("]")
        inner = self._next()
        sign = {"": "√", "3": "∛", "4": "∜"}.get(degree) or f"{degree.translate(RAISED)}√"
        return f"{sign}{inner}" if len(inner) == 1 else f"{sign}({inner})"

    def _next(self) -> str:
        """The argument of a command, which may stand after a space."""
        while self.at < len(self.tokens) and self.tokens[self.at].isspace():
            self.at += 1
        return self.argument().strip()


def _word(text: str) -> str:
    return f"{BEGIN}{text}{END}" if len(text) > 1 and text.isalpha() else text


def _without_edges(text: str) -> str:
    return text.replace(BEGIN, "").replace(END, "")


def _script(mark: str, inner: str) -> str:
    inner = _without_edges(inner).strip()
    if mark == "^" and inner in ("ᵀ", "′", "*"):
        return inner
    table = RAISED if mark == "^" else LOWERED
    plain = inner.replace("−", "-")
    if inner and all(ord(c) in table for c in plain):
        return plain.translate(table)
    return f"{mark}{inner}" if len(inner) <= 1 else f"{mark}({inner})"


def _bracketed(text: str) -> str:
    return f"({text})" if re.search(r"[ /+·−]", text) else text

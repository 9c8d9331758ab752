"""Signs of LaTeX in Unicode, and the marks that a reader of formulas leaves in a text."""

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
    "lfloor": "⌊", "rfloor": "⌋", "lceil": "⌈", "rceil": "⌉", "mid": "|", "prime": "′",
    "star": "*", "ast": "*", "propto": "∝",
    "ll": "≪", "gg": "≫", "infin": "∞", "cup": "∪", "circ": "∘", "hbar": "ħ", "Vert": "‖",
    "quad": "  ", "leftarrow": "←", "rightarrow": "→", "wedge": "∧", "vee": "∨", "perp": "⊥",
}  # fmt: skip
OVER = {"hat": "\u0302", "bar": "\u0304", "tilde": "\u0303", "dot": "\u0307", "overline": "\u0304"}
WORDS = ("mathrm", "operatorname", "text", "mathbf", "mathcal", "mathbb", "mathit", "mathsf")
# A raised T is that of a transpose, ``\top``: a power T keeps its mark.
RAISED = str.maketrans(
    "0123456789+-=()abcdefghijklmnoprstuvwxyzα", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻᵅ"
)
LOWERED = str.maketrans(
    "0123456789+-=()aeijklmnoprstuvxβγρφχ", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓᵦᵧᵨᵩᵪ"
)
AROUND = {"cases": "{}"}  # what stands for the begin and the end of an environment
BEGIN, END = "\1", "\2"  # of a word, which does not run into a letter beside it: ``log n``
ROOT = "\3"  # the end of a root, to which nothing beside it belongs: ``√2 x``

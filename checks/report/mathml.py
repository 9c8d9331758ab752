"""MathML of LaTeX: small, valid, and spaced as TeX would."""

import re
from html import escape
from itertools import pairwise
from xml.etree.ElementTree import Element, ParseError, fromstring

from latex2mathml.converter import convert
from markupsafe import Markup

TAGS = frozenset(
    re.findall(
        r"\w+",
        "math mrow mi mn mo mtext mspace msup msub msubsup munder mover munderover mfrac "
        "msqrt mroot mtable mtr mtd mstyle mpadded mphantom menclose ",
    )
)
DROPPED = frozenset(
    {("display", "inline"), ("stretchy", "true"), ("fence", "true"), ("fence", "false")}
)
SCRIPTS = ("msup", "msub", "msubsup")
PLACES = (*SCRIPTS, "munder", "mover", "munderover", "mfrac", "mroot")  # children have their places
ROWS = ("math", "msqrt", "mtd", "mstyle", "mpadded", "mphantom", "menclose")  # are rows themselves
LOW = frozenset({"math", "mrow", "mi", "mn", "mo", "mspace", "mtext"})  # as high as a letter
BARS = ("|", "\u2016")
CLOSED = frozenset(")]}\u27e9")
FENCES = frozenset("()[]{}|\u2016\u2308\u2309\u230a\u230b\u27e8\u27e9")
THIN = Element("mspace", width=".17em")


def mathml(source: str, *, block: bool = False) -> Markup:
    """MathML of a LaTeX formula; a formula that cannot be converted raises ValueError."""
    try:
        root = fromstring(convert(source, display="block" if block else "inline"))
        return Markup(_compact(root))
    except (ParseError, ValueError) as error:
        raise ValueError(f"no MathML for the formula {source!r}: {error}") from error
    except Exception as error:  # latex2mathml raises several unrelated types
        raise ValueError(f"no MathML for the formula {source!r}: {error}") from error


def _compact(node: Element) -> str:
    """The same formula without namespaces, defaults and groups of one; only what is MathML."""
    tag = node.tag.rpartition("}")[2]
    if tag not in TAGS:
        raise ValueError(f"{tag} is no element of a formula")
    parts = [*node] if tag in PLACES else _flat([*node])
    signs = [_sign(child) for child in parts if child.text or len(child) or _tag(child) != "mo"]
    children = _with_words(signs if tag in PLACES else _spaced(_with_numbers(signs)))
    if tag == "mrow" and len(children) == 1:
        (only,) = children
        return only if isinstance(only, str) else _compact(only)
    if _is_low(node):
        _without_stretch(signs)
    inner = "".join(c if isinstance(c, str) else _compact(c) for c in children)
    if tag in ROWS and len(children) == 1 and inner.startswith("<mrow>"):
        inner = inner.removeprefix("<mrow>").removesuffix("</mrow>")
    kept = (pair for pair in node.items() if pair not in DROPPED and pair[0] != "href")
    attributes = "".join(f' {key}="{escape(value)}"' for key, value in kept)
    return f"<{tag}{attributes}>{escape(node.text or '', quote=False)}{inner}</{tag}>"


def _with_numbers(children: list[Element]) -> list[Element]:
    """A fraction of numbers with a slash is one number."""
    found = children[:1]
    for child in children[1:]:
        if _tag(child) == _tag(found[-1]) == "mn" and not (child.items() or found[-1].items()):
            found[-1].text = f"{found[-1].text}{child.text}"
        else:
            found.append(child)
    return found


def _with_words(children: list[Element]) -> list[Element | str]:
    """Upright letters in a row are one word."""
    found: list[Element | str] = []
    word: list[Element] = []
    for child in [*children, None]:
        if child is not None and child.get("mathvariant") == "normal" and not len(child):
            word.append(child)
            continue
        if len(word) > 1:
            letters = "".join(letter.text or "" for letter in word)
            found.append(f"<mi>{escape(letters, quote=False)}</mi>")
        else:
            found += word
        word = []
        if child is not None:
            found.append(child)
    return found


def _sign(node: Element) -> Element:
    """A slash and a name have no space of a sign, and no sign a form but those of `_spaced`."""
    if _tag(node) == "mo":
        node.attrib.pop("form", None)
        if node.text == "/":
            node.tag = "mn"
        elif len(node.text or "") > 1 and str(node.text).isalpha():
            node.tag = "mi"
    return node


def _spaced(children: list[Element]) -> list[Element]:
    """A name of several letters stands apart from factors, a sign after a sign belongs to what
    follows."""
    found = children[:1]
    bars = [child for child in children if _tag(child) == "mo" and child.text in BARS]
    for k, bar in enumerate(bars if len(bars) % 2 == 0 else ()):
        bar.set("form", ("prefix", "postfix")[k % 2])  # or there would be space on both sides
    for before, after in pairwise(children):
        if _tag(after) == "mo":
            if after.text in ("+", "\u2212") and _tag(before) == "mo" and _is_open(before):
                after.set("form", "prefix")
        elif _is_operator(before) or (before.text or "").endswith("/"):
            pass
        elif _is_word(after) or (_is_word(before) and not _is_group(after)):
            found.append(THIN)
        found.append(after)
    return found


def _flat(children: list[Element]) -> list[Element]:
    """The children, those of a low group within brackets in its place: nothing there stretches."""
    found: list[Element] = []
    for child in children:
        if _tag(child) == "mrow" and len(child) > 1 and _is_group(child) and _is_low(child):
            _without_stretch([*child])
            found += _flat([*child])
        else:
            found.append(child)
    return found


def _without_stretch(children: list[Element]) -> None:
    """Brackets as they are: browsers set stretchy ones wide even with nothing to stretch to."""
    for child in children:
        if _tag(child) == "mo" and child.text and child.text in FENCES:
            child.set("stretchy", "false")


def _is_low(node: Element, within: bool = False) -> bool:
    """Whether no part is higher than a letter with a script."""
    if _tag(node) in SCRIPTS:
        return not within and all(_is_low(child, True) for child in node)
    return _tag(node) in LOW and all(_is_low(child, within) for child in node)


def _tag(node: Element) -> str:
    return node.tag.rpartition("}")[2]


def _is_open(sign: Element) -> bool:
    """Whether something has to follow: a relation or a comma, no closing bracket or factorial."""
    return (sign.text or "") not in (")", "]", "}", "\u27e9", "|", "\u2016", "!", "\u2032")


def _is_operator(node: Element) -> bool:
    """A sign with a space of its own, which a bracket that closes has not."""
    return _tag(node) == "mo" and node.text not in CLOSED


def _is_word(node: Element) -> bool:
    """A function by name, or upright letters in a row."""
    base = node[0] if _tag(node) in SCRIPTS and len(node) else node
    letters = len(base) > 1 and all(letter.get("mathvariant") == "normal" for letter in base)
    name = base.text or ""
    return letters or (_tag(base) in ("mi", "mo") and len(name) > 1 and name.isalpha())


def _is_group(node: Element) -> bool:
    """Brackets around something."""
    base = node[0] if _tag(node) in SCRIPTS and len(node) else node
    return _tag(base) == "mrow" and len(base) > 0 and _tag(base[0]) == "mo"

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
DROPPED = frozenset({("display", "inline"), ("stretchy", "true"), ("fence", "true")})
FUNCTIONS = frozenset(
    re.findall(r"\w+", "log ln exp sin cos tan tanh arccos arctan max min sup inf det dim lim ")
)
SCRIPTS = ("msup", "msub", "msubsup")
PLACES = (*SCRIPTS, "munder", "mover", "munderover", "mfrac", "mroot")  # children have their places
ROWS = ("math", "msqrt", "mtd", "mstyle", "mpadded", "mphantom", "menclose")  # are rows themselves
LOW = frozenset({"math", "mrow", "mi", "mn", "mo", "mspace", "mtext"})  # as high as a letter
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
    signs = [_sign(child) for child in node if child.text or len(child) or _tag(child) != "mo"]
    children = _with_words(signs if tag in PLACES else _spaced(_with_numbers(signs)))
    if tag == "mrow" and len(children) == 1:
        (only,) = children
        return only if isinstance(only, str) else _compact(only)
    if LOW.issuperset(map(_tag, node.iter())):
        for child in node:
            child.attrib.pop("stretchy", None)  # nothing there to stretch to
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
    """A slash has no space around it, and no sign a form but those that `_spaced` gives."""
    if _tag(node) == "mo":
        node.attrib.pop("form", None)
        if node.text == "/":
            node.tag = "mn"
    return node


def _spaced(children: list[Element]) -> list[Element]:
    """A name of several letters stands apart from factors, a sign after a sign belongs to what
    follows."""
    found = children[:1]
    for before, after in pairwise(children):
        if _tag(after) == "mo":
            if after.text in ("+", "\u2212") and _tag(before) == "mo" and _is_open(before):
                after.set("form", "prefix")
        elif _tag(before) == "mo" or (before.text or "").endswith("/"):
            pass
        elif _is_word(after) or (_is_word(before) and not _is_group(after)):
            found.append(THIN)
        found.append(after)
    return found


def _tag(node: Element) -> str:
    return node.tag.rpartition("}")[2]


def _is_open(sign: Element) -> bool:
    """Whether something has to follow: a relation or a comma, no closing bracket or factorial."""
    return (sign.text or "") not in (")", "]", "}", "\u27e9", "|", "\u2016", "!", "\u2032")


def _is_word(node: Element) -> bool:
    """A function by name, or upright letters in a row."""
    base = node[0] if _tag(node) in SCRIPTS and len(node) else node
    letters = len(base) > 1 and all(letter.get("mathvariant") == "normal" for letter in base)
    return letters or (_tag(base) == "mi" and base.text in FUNCTIONS)


def _is_group(node: Element) -> bool:
    """Brackets around something."""
    base = node[0] if _tag(node) in SCRIPTS and len(node) else node
    return _tag(base) == "mrow" and len(base) > 0 and _tag(base[0]) == "mo"

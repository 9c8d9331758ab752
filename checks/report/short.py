"""The page in fewer bytes: what HTML lets a page leave out, and what repeats."""

import re

# End tags that may be left out before what follows them here: a sibling, or the end of the parent.
ITEM = re.compile(r"</(?:li|td|th|tr|dt|dd)>")
PARAGRAPH = re.compile(
    r"</p>(?=\s*<(?:/(?:article|dd|details|div|header|li|main|nav|section|td)|article|details|div|dl"
    r"|figure|h[1-6]|ol|p|pre|section|table|ul)\b)"
)
TAG = re.compile(r"<[a-zA-Z][^<>]*>")
QUOTED = re.compile(r'="([\w.,#/-]+)"(?=[\s>])')
DRAWN = re.compile(r'<g class="(bar|key)"( transform="[^"]*")?([^>]*>.*?)</g>', re.DOTALL)
COLOUR = re.compile(r"var\((--c\d),#[0-9a-f]{6}\)")  # the report's own style has its colours


def short(page: str) -> str:
    """The same page: optional end tags, quotes and second copies of drawings are left out."""
    page = _drawn_once(COLOUR.sub(r"var(\1)", page))
    page = ITEM.sub("", PARAGRAPH.sub("", page)).replace("></mspace>", "/>")
    return TAG.sub(lambda tag: QUOTED.sub(r"=\1", tag[0]), page)


def _drawn_once(page: str) -> str:
    """Legends and strips that were drawn before are a reference to the first that is like them."""
    places: dict[tuple[str, str], str] = {}

    def drawing(found: re.Match[str]) -> str:
        kind, moved, inside = found[1], found[2] or "", found[3]
        if (kind, inside) in places:
            return f'<use href="#{places[kind, inside]}"{moved}/>'
        places[kind, inside] = name = f"{kind}-{len(places)}"
        drawn = f'<g id="{name}" class="{kind}"{inside}</g>'
        return f"<g{moved}>{drawn}</g>" if moved else drawn

    return DRAWN.sub(drawing, page)

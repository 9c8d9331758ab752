"""Matplotlib's SVG made small: flat, rounded, one path a style, colours of the page.

What is drawn stays what it was: groups, comments, metadata and unused names go, markers become
strokes of the path that has their style, and what lies inside the axes needs no clip. A legend is a
group of its own, the same wherever it stands, so that a page can hold it once.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from xml.etree.ElementTree import Element, fromstring

from markupsafe import escape

NAMESPACE = "{http://www.w3.org/2000/svg}"
LINK = "{http://www.w3.org/1999/xlink}href"
KEPT = ("fill", "stroke", "stroke-width", "stroke-dasharray", "opacity", "fill-opacity",
        "stroke-opacity", "stroke-linecap")  # fmt: skip
TOKEN = re.compile(r"[A-Za-z]|-?[\d.]+(?:e-?\d+)?")
Style = tuple[tuple[str, str], ...]


@dataclass
class _Flat:
    """What was met so far: named markers and clips; paths in order, and words, which lie on top."""

    name: str
    colours: Mapping[str, str]
    markers: dict[str, str] = field(default_factory=dict)
    clips: dict[str, tuple[float, float, float, float]] = field(default_factory=dict)
    paths: list[tuple[Style, str]] = field(default_factory=list)
    words: list[tuple[str, str]] = field(default_factory=list)
    legends: list[str] = field(default_factory=list)

    def walk(self, node: Element, shift: tuple[float, float], clip: str) -> None:
        """Write what a node draws."""
        tag = node.tag.removeprefix(NAMESPACE)
        clip = node.get("clip-path", clip)
        moved = re.search(r"translate\(([-\d.]+) ([-\d.]+)\)", node.get("transform", ""))
        if tag in ("defs", "metadata"):
            return
        if tag == "g" and node.get("id", "").startswith("legend"):
            self.legends.append(_legend(self, node, shift, clip))
        elif tag == "g":
            if moved:
                shift = (shift[0] + float(moved[1]), shift[1] + float(moved[2]))
            for child in node:
                self.walk(child, shift, clip)
        elif tag == "path":
            self._path(node.get("d", ""), shift, _style(node), clip)
        elif tag == "use":
            at = (float(node.get("x", 0)) + shift[0], float(node.get("y", 0)) + shift[1])
            self._marker(self.markers[node.get(LINK, "")[1:]], at, _style(node), clip)
        elif tag == "text":
            self.words.append(_text(node, shift, self.colours))
        else:
            raise ValueError(f"a plot of the report has a <{tag}>, which its SVG has no form for")

    def _path(self, d: str, shift: tuple[float, float], style: dict[str, str], clip: str) -> None:
        style = {k: self.colours.get(v, v) for k, v in style.items() if (k, v) != ("fill", "none")}
        if "L" in d and d.count("L") == 1:
            style.pop("fill", None)  # of a stroke
        if style.get("stroke", "none") == "none" and "fill" not in style:
            return
        if clip and not self._inside(d, clip):
            style["clip-path"] = f"url(#{self.name}-clip{list(self.clips).index(_name(clip))})"
        key, d = tuple(sorted(style.items())), _moved(d, shift)
        if self.paths and self.paths[-1][0] == key:
            self.paths[-1] = key, self.paths[-1][1] + d
        else:
            self.paths.append((key, d))

    def _marker(self, d: str, at: tuple[float, float], style: dict[str, str], clip: str) -> None:
        """A round marker is a dot, a stroke of no length with round ends."""
        if "C" not in d:
            self._path(d, at, style, clip)
            return
        reach = max(abs(float(t)) for t in TOKEN.findall(d) if not t.isalpha())
        colour = style.get("fill", "none")
        colour = style.get("stroke", "none") if colour == "none" else colour
        dot = {"stroke": colour, "stroke-width": f"{2 * reach + 1:.3g}", "stroke-linecap": "round"}
        self._path(f"M {at[0]} {at[1]} L {at[0]} {at[1]}", (0.0, 0.0), dot, clip)

    def _inside(self, d: str, clip: str) -> bool:
        x, y, width, height = self.clips[_name(clip)]
        numbers = [float(t) for t in TOKEN.findall(d) if not t.isalpha()]
        return all(x - 2 <= a <= x + width + 2 for a in numbers[::2]) and all(
            y - 2 <= b <= y + height + 2 for b in numbers[1::2]
        )


def minimal(text: str, name: str, colours: Mapping[str, str], label: str) -> str:
    """The same picture in few bytes; ``name`` begins its ids, ``colours`` are put in place.

    ``label`` says what it shows.
    """
    root = fromstring(text)
    flat = _Flat(name, colours)
    for node in root.iter(f"{NAMESPACE}path"):
        if node.get("id"):
            flat.markers[node.get("id", "")] = node.get("d", "")
    for node in root.iter(f"{NAMESPACE}clipPath"):
        box = node[0]
        x, y, width, height = (float(box.get(k, 0)) for k in ("x", "y", "width", "height"))
        flat.clips[node.get("id", "")] = x, y, width, height
    for child in root:
        flat.walk(child, (0.0, 0.0), "")
    usual, body = _paths(flat)
    clips = "".join(
        f'<clipPath id="{name}-clip{k}"><rect x="{x:.4g}" y="{y:.4g}" width="{w:.4g}" '
        f'height="{h:.4g}"/></clipPath>'
        for k, (x, y, w, h) in enumerate(flat.clips.values()) if f"{name}-clip{k})" in body
    )  # fmt: skip
    _, _, width, height = map(float, root.get("viewBox", "").split())
    box = f"0 0 {width:.4g} {height:.4g}"
    words = "".join(
        f"<g {place}>{''.join(text for _, text in group)}</g>"
        for place, group in groupby(flat.words, lambda word: word[0])
    )
    root_attributes = f'viewBox="{box}" font-size="9" fill="currentColor" role="img"'
    root_attributes += f' aria-label="{escape(label)}"'
    strokes = _attributes([("fill", "none"), usual])
    legends = "".join(flat.legends)
    return f"<svg {root_attributes}>{clips}<g {strokes}>{body}</g>{words}{legends}</svg>"


def _paths(flat: _Flat) -> tuple[tuple[str, str], str]:
    """The width of most strokes, and the paths without it."""
    widths = Counter(dict(style).get("stroke-width", "1") for style, _ in flat.paths)
    usual = ("stroke-width", widths.most_common(1)[0][0] if widths else "1")
    return usual, "".join(
        f"<path {_attributes([*(pair for pair in style if pair != usual), ('d', d)])}/>"
        for style, d in flat.paths
    )


def _legend(flat: _Flat, node: Element, shift: tuple[float, float], clip: str) -> str:
    """A legend, drawn from where its first words stand: equal ones are equal in their bytes."""
    first = next(node.iter(f"{NAMESPACE}text"))
    start = tuple(float(first.get(k, 0)) + moved for k, moved in zip("xy", shift, strict=True))
    own = _Flat(flat.name, flat.colours, flat.markers, flat.clips)
    for child in node:
        own.walk(child, (shift[0] - start[0], shift[1] - start[1]), clip)
    usual, body = _paths(own)
    words = "".join(
        text.replace("<text", f'<text fill="currentColor" {place}', 1) for place, text in own.words
    )
    at = " ".join(f"{value:.1f}".removesuffix(".0") for value in start)
    strokes = _attributes([("fill", "none"), usual])
    return f'<g class="key" transform="translate({at})" {strokes}>{body}{words}</g>'


def _attributes(pairs: Iterable[tuple[str, str]]) -> str:
    return " ".join(f'{name}="{value}"' for name, value in pairs)


def _name(clip: str) -> str:
    return clip.removeprefix("url(#").removesuffix(")")


def _style(node: Element) -> dict[str, str]:
    pairs = (part.split(":") for part in node.get("style", "").split(";") if ":" in part)
    found = {key.strip(): value.strip() for key, value in pairs}
    found = {key: found[key] for key in KEPT if key in found}
    if found.get("stroke-linecap") in ("square", "butt"):
        del found["stroke-linecap"]
    return {"stroke-width": "1", **found} if "stroke" in found else found


def _moved(d: str, shift: tuple[float, float]) -> str:
    """The path at another place, in tenths; a line is written from where it starts.

    Steps are differences of rounded places, so that no error adds up.
    """
    parts, x, y, start = [], 0, 0, (0, 0)
    for command, rest in re.findall(r"([A-Za-z])([^A-Za-z]*)", d):
        at = [round(10 * (float(t) + shift[k % 2])) for k, t in enumerate(TOKEN.findall(rest))]
        if command == "L":
            dx, dy = at[0] - x, at[1] - y
            step = f"h{_tenths(dx)}" if not dy else f"v{_tenths(dy)}"
            parts.append(step if not dx or not dy else f"l{_joined([dx, dy])}")
        else:
            parts.append(command + _joined(at))
        x, y = at[-2:] or start  # a path that is closed is where it has begun
        start = (x, y) if command == "M" else start
    return "".join(parts)


def _joined(numbers: list[int]) -> str:
    return " ".join(map(_tenths, numbers)).replace(" -", "-")


def _tenths(number: int) -> str:
    """A number of tenths, as short as SVG allows."""
    shown = f"{number / 10:.1f}".removesuffix(".0")
    return shown.replace("0.", ".", 1) if abs(number) < 10 else shown


def _text(node: Element, shift: tuple[float, float], colours: Mapping[str, str]) -> tuple[str, str]:
    """How words are anchored and how large, and they; parts of mathematical text of one line and
    size stand together."""
    style = dict(part.strip().split(": ", 1) for part in node.get("style", "").split(";") if part)
    x, y = float(node.get("x", 0)) + shift[0], float(node.get("y", 0)) + shift[1]
    parts: list[tuple[str, str, str]] = []
    for span in node:
        size = re.search(r"font-size: ([\d.]+)", span.get("style", ""))
        at, size = span.get("y", "0"), size[1] if size else ""
        if parts and parts[-1][:2] == (at, size):
            parts[-1] = (at, size, parts[-1][2] + (span.text or ""))
        else:
            parts.append((at, size, span.text or ""))
    words = str(escape(node.text.strip())) if node.text and not parts else ""
    for at, size, part in parts:
        smaller = "" if size in ("", "9") else f' font-size="{size}" dy="{float(at):.1f}"'
        words += f"<tspan{smaller}>{escape(part)}</tspan>" if smaller else str(escape(part))
    anchor = style.get("text-anchor", "start")
    fill = colours.get(style.get("fill", ""), style.get("fill", "currentColor"))
    size = re.search(r"font-size: ([\d.]+)", node.get("style", ""))
    turned = re.search(r"rotate\((-?[1-9]\d*)", node.get("transform", ""))
    place = [f"{value:.1f}".removesuffix(".0") for value in (x, y)]
    attributes = [
        f'x="{place[0]}" y="{place[1]}"',
        f'fill="{fill}"' if fill not in ("currentColor", "black") else "",
        f'transform="rotate({turned[1]} {" ".join(place)})"' if turned else "",
    ]
    sized = f' font-size="{size[1]}"' if size and size[1] != "9" else ""
    words = f"<text {' '.join(filter(None, attributes))}>{words}</text>"
    return f'text-anchor="{anchor}"{sized}', words

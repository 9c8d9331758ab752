"""An HTML page as its elements: end tags may be left out where HTML says so, and nowhere else."""

from html.parser import HTMLParser

VOID = {"meta", "br", "path", "rect", "circle", "mspace", "use"}
ITEMS = {"li", "dt", "dd", "td", "th", "tr", "p"}  # whose end tags may be left out
# What ends an item that is open: a start tag of these.
BEFORE = {
    "li": {"li"}, "dt": {"dt", "dd"}, "dd": {"dt", "dd"}, "td": {"td", "th"}, "th": {"td", "th"},
    "tr": {"td", "th", "tr"},
}  # fmt: skip
BLOCKS = {
    "article", "details", "div", "dl", "figure", "h1", "h2", "h3", "h4", "ol", "p", "pre",
    "section", "table", "ul", *BEFORE,
}  # fmt: skip


class Page(HTMLParser):
    """The elements of a page in order, each with its attributes, ancestors and words.

    Raises where a tag closes something else, or opens within a paragraph that it would end.
    """

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[dict] = []
        self.all: list[dict] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        while self.open and self._ends(tag, self.open[-1]["tag"]):
            self.open.pop()
        inside = [e["tag"] for e in self.open]
        element = {"tag": tag, **dict(attrs), "in": inside, "words": ""}
        self.all.append(element)
        if tag not in VOID:
            self.open.append(element)

    def _ends(self, tag: str, last: str) -> bool:
        return (last == "p" and tag in BLOCKS) or last in BEFORE.get(tag, ())

    def handle_startendtag(self, tag, attrs):
        self.all.append({"tag": tag, **dict(attrs), "in": [], "words": ""})

    def handle_endtag(self, tag):
        while self.open[-1]["tag"] != tag and self.open[-1]["tag"] in ITEMS:
            self.open.pop()
        assert self.open.pop()["tag"] == tag, f"</{tag}> closes something else"

    def handle_data(self, data):
        for element in self.open:
            element["words"] += data

    def of(self, *tags: str) -> list[dict]:
        """The elements of these tags."""
        return [element for element in self.all if element["tag"] in tags]

"""A picture of a room: words and a function that draws, so that a room needs no plotting import."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Picture:
    """One figure of the report.

    ``draw(axes, results)`` gets a matplotlib ``Axes`` (a sequence of them when ``axes`` is more
    than one) and the results of the room's claims by claim id; it may also compute something
    small itself. A claim that was not run is missing from ``results``.
    """

    title: str
    caption: str
    draw: Callable[[Any, Mapping[str, Any]], None]
    axes: int = 1

    def __post_init__(self) -> None:
        """Words are not optional: a picture without a caption says nothing."""
        if not self.title or not self.caption:
            raise ValueError(
                f"a Picture needs a title and a caption; received {self.title!r}, {self.caption!r}"
            )
        if self.axes < 1:
            raise ValueError(f"a Picture needs at least one Axes; received axes={self.axes}")

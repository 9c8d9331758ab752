"""An estimate in a small picture: its interval on the region in which it has to lie."""

import math

from markupsafe import Markup, escape

from checks.verdicts import Test
from checks.verdicts.wording import percent

WIDTH, HEIGHT = 120, 14
EDGE = 6  # of the picture, beyond what it must show


def strip(test: Test, confidence: float = 0.99, *, told: bool = True) -> Markup:
    """A bar for the region, a line for the interval and a dot for the estimate.

    An interval that is known only as one of 99 % is drawn as such.
    ``told``: with the same in words, for who does not see it; not where words stand beside it.
    """
    low, high = test.support_region
    interval = (*test.interval(confidence), test.estimate)
    shown = [x for x in (*interval, low, high) if math.isfinite(x)]
    if not math.isfinite(test.estimate):
        return Markup("")
    least, span = min(shown), max(shown) - min(shown) or 1.0

    def x(value: float) -> str:
        if not math.isfinite(value):
            return "0" if value < 0 else str(WIDTH)
        return f"{EDGE + (WIDTH - 2 * EDGE) * (value - least) / span:.1f}".removesuffix(".0")

    left, right = x(low), f"{float(x(high)) - float(x(low)):.1f}".removesuffix(".0")
    label = f'role="img" aria-label="{words(test, confidence)}"' if told else 'aria-hidden="true"'
    ends, middle = (x(min(interval)), x(max(interval))), HEIGHT // 2
    return Markup(
        f'<svg class="strip" viewBox="0 0 {WIDTH} {HEIGHT}" {label}>'
        f'<g class="bar"><rect x="{left}" width="{right}" y="1" height="{HEIGHT - 2}"/>'
        f'<path d="M{ends[0]} {middle}H{ends[1]}"/>'
        f'<circle cx="{x(test.estimate)}" cy="{middle}" r="3"/></g></svg>'
    )


def words(test: Test, confidence: float = 0.99) -> str:
    """What a strip shows."""
    low, high = test.interval(confidence)
    level = 0.99 if test.exact is not None else confidence
    return str(
        escape(
            f"{test.name}: {test.estimate:.3g}, {percent(level)} interval {low:.3g} to {high:.3g}, "
            f"supported in {_region(*test.support_region)}"
        )
    )


def _region(low: float, high: float) -> str:
    if not math.isfinite(low):
        return f"at most {high:.3g}" if math.isfinite(high) else "any"
    return f"{low:.3g} to {high:.3g}" if math.isfinite(high) else f"at least {low:.3g}"

"""What a judged claim says in words that name the quantity, for who does not know the rule.

``±`` is half of a 99 % interval throughout.
"""

import math
import re
from collections.abc import Callable, Mapping

from checks.report.factors import growth, independence, monotone
from checks.report.numbers import number, symbol, with_error
from checks.verdicts import Result, Test, several

DIGITS, EQUAL = 16, 1e-12  # of a share in percent, which rounding may change beyond
ENDS = ("0%", "100%")


def reason(result: Result) -> str:
    """Why the claim holds, in prose with formulas; the judge's own line where it does not."""
    say = SAYS.get(result.kind)
    if say is None or not result.verdict.holds or not result.tests:
        return result.because
    return say(result) or result.because


def sentence(text: str) -> str:
    """The text with a capital, to stand as a sentence."""
    return text[:1].upper() + text[1:]


def in_words(kind: str) -> str:
    """The kind of a claim in words: ``RateClaim`` is a rate claim."""
    return re.sub(r"(?<!^)(?=[A-Z])", " ", kind).lower()


def _estimate(test: Test) -> str:
    return with_error(float(test.estimate), tuple(map(float, test.interval())))


def _rate(result: Result) -> str:
    powers = {
        name.removeprefix("exponent of "): found
        for name, found in result.estimates.items()
        if name.startswith("exponent of ")
    }
    if not powers:
        return _bound_of_several(result)
    claimed = " ".join(_power(name, found["predicted"]) for name, found in powers.items())
    bound = result.tests[0].low == -math.inf
    like = "no slower than" if bound else "like"
    verb = "grow" if all(f["predicted"] > 0 for f in powers.values()) else "fall"
    if bound and verb == "grow":
        like = "no faster than"
    said = ", ".join(
        f"power {with_error(found['value'], found['interval'])}"
        + (f" of ${name}$" if len(powers) > 1 else "")
        for name, found in powers.items()
    )
    return f"errors {verb} {like} ${claimed}$: {said}{_margin(result)}"


def _bound_of_several(result: Result) -> str:
    grown = [t for t in result.tests if t.name.startswith("excess exponent of ")]
    said = ", ".join(
        f"{_estimate(t)} in ${t.name.removeprefix('excess exponent of ')}$" for t in grown
    )
    bound = grown and grown[0].low == -math.inf
    over = (
        "relative to the bound, errors grow by the power"
        if bound
        else ("relative to the claimed sum, errors move by the power")
    )
    return f"{over} {said}{_margin(result)}" if grown else ""


def _power(name: str, power: float) -> str:
    exponent = f"{power:.3g}"
    for denominator in (1, 2, 3, 4, 6):
        numerator = power * denominator
        if abs(numerator - round(numerator)) < 1e-9:
            whole = str(round(numerator))
            exponent = whole if denominator == 1 else f"{whole}/{denominator}"
            break
    return symbol(name) if exponent == "1" else f"{symbol(name)}^{{{exponent}}}"


def _margin(result: Result) -> str:
    return "" if result.margin is None else f", margin {result.margin:g}"


def _constant(result: Result) -> str:
    found = _estimate(result.tests[0])
    return f"measured over predicted constant is off by {found}{_margin(result)}"


def _moments(result: Result) -> str:
    worst = _deciding(result)
    count = len(result.tests)
    mean = (
        "the mean agrees with the expected value"
        if count == 1
        else f"all {count} means agree with the expected values"
    )
    allowed = number(float(worst.support_region[1]))
    which = "it" if count == 1 else "the least certain"
    return f"{mean}: {which} is off by {_estimate(worst)}, allowed {allowed}"


def _deciding(result: Result) -> Test:
    """The test that supports least."""
    return max(result.tests, key=lambda test: test.p_support)


def _law(result: Result) -> str:
    largest = number(max(float(test.estimate) for test in result.tests))
    allowed = number(max(float(test.support_region[1]) for test in result.tests))
    if len(result.tests) == 1:
        return f"the distance between the laws is below {allowed} ({largest})"
    return f"the distances between the laws are below {allowed} wherever tested (largest {largest})"


def _identity(result: Result) -> str:
    test = result.tests[0]
    worst, allowed = number(float(test.estimate)), number(float(test.high))
    seeds = several(result.seeds, "seed")
    return f"largest relative residual over {seeds}: {worst}, allowed {allowed}"


def _inequality(result: Result) -> str:
    test = result.tests[0]
    slack, least = number(float(test.estimate)), float(test.low)
    allowed = f", at least {number(least)} is allowed" if least < 0 else ""
    seeds = several(result.seeds, "seed")
    return f"no counterexample in {seeds}: smallest slack {slack}{allowed}"


def _frequency(result: Result) -> str:
    test = _deciding(result)
    event = test.name[: test.name.rfind("”") + 1]  # an event's own words may have an “at”, too
    if not event.startswith("frequency of "):
        return ""
    low, high = map(float, test.interval())
    least, most = map(float, test.support_region)
    share, low, high, least, most = _percents(float(test.estimate), low, high, least, most)
    claimed = f"between {least} and {most}"
    if most == "100%":
        claimed = f"at least {least}"
    elif least == "0%":
        claimed = f"at most {most}"
    return (
        f"{event}: {share} of {several(result.seeds, 'seed')}, 99 % interval {low} to {high}, "
        f"claimed {claimed}"
    )


def _percents(*shares: float) -> list[str]:
    """Shares in percent, with so many digits that different ones differ; only 1 is 100 %."""
    digits = [0] * len(shares)
    while True:
        shown = [_percent(share, k) for share, k in zip(shares, digits, strict=True)]
        said = list(zip(shown, shares, strict=True))
        unclear = [
            (text in ENDS) != (share in (0, 1))
            or any(text == other and abs(share - of) > EQUAL for other, of in said)
            for text, share in said
        ]
        if not any(unclear) or max(digits) >= DIGITS:
            return shown
        digits = [k + wrong for k, wrong in zip(digits, unclear, strict=True)]


def _percent(share: float, digits: int) -> str:
    text = f"{100 * share:.{digits}f}"
    return f"{text.rstrip('0').rstrip('.') if '.' in text else text}%"


def _decay(result: Result) -> str:
    rates = []
    for test in result.tests:
        low, high = map(float, test.interval())
        where = re.search(r"\{.*\}|at .*$", test.name)
        rates.append(
            with_error(1 - float(test.estimate), (1 - high, 1 - low))
            + (f" ({where[0].removeprefix('at ')})" if where and len(result.tests) > 1 else "")
        )
    more = "at least " if any(test.low == -math.inf for test in result.tests) else ""
    return f"it decays at {more}the predicted rate, times {', '.join(rates)}{_margin(result)}"


SAYS: Mapping[str, Callable[[Result], str]] = {
    "RateClaim": _rate,
    "ConstantClaim": _constant,
    "MomentClaim": _moments,
    "LawClaim": _law,
    "IdentityClaim": _identity,
    "InequalityClaim": _inequality,
    "FrequencyClaim": _frequency,
    "DecayClaim": _decay,
    "IndependenceClaim": independence,
    "MonotoneClaim": monotone,
    "GrowthClaim": growth,
    "CertifiedClaim": lambda result: result.because.removeprefix("CERTIFIED: "),
}

"""JUnit XML of a run, for continuous integration."""

from xml.etree.ElementTree import Element, SubElement, indent, tostring

from checks.suite.problem import printable
from checks.suite.run import Study
from checks.verdicts import Verdict, tier_words
from theory.language.prose import plain


def junit_xml(study: Study) -> str:
    """One test case a claim: REFUTED is a failure, INCONCLUSIVE an error.

    A claim without a verdict is an error, too. Claims that do not run at the tier are skipped.
    """
    verdicts = [result.verdict for result in study.results]
    suite = Element(
        "testsuite",
        name=f"verilimit {study.plan.tier}",
        tests=str(len(verdicts) + len(study.failed) + len(study.skipped) + len(study.absent)),
        failures=str(verdicts.count(Verdict.REFUTED)),
        errors=str(verdicts.count(Verdict.INCONCLUSIVE) + len(study.failed)),
        skipped=str(len(study.skipped) + len(study.absent)),
        time=f"{sum(study.seconds):.3f}",
    )
    for result, seconds in zip(study.results, study.seconds, strict=True):
        case = SubElement(
            suite,
            "testcase",
            classname=result.theorem or "user",
            name=result.claim_id,
            time=f"{seconds:.3f}",
        )
        if not result.verdict.holds:
            kind = "failure" if result.verdict is Verdict.REFUTED else "error"
            SubElement(case, kind, message=result.because).text = plain(result.statement)
    for claim, why in study.failed:
        case = SubElement(suite, "testcase", classname=claim.theorem or "user", name=claim.id)
        SubElement(case, "error", message="no verdict").text = str(why)
    for claim in study.skipped:
        case = SubElement(suite, "testcase", classname=claim.theorem or "user", name=claim.id)
        SubElement(case, "skipped", message="an earlier claim did not hold")
    for claim in study.absent:
        case = SubElement(suite, "testcase", classname=claim.theorem or "user", name=claim.id)
        SubElement(case, "skipped", message=f"not at this tier ({tier_words(claim)})")
    indent(suite)
    text = printable(tostring(suite, encoding="unicode"))
    return f"<?xml version='1.0' encoding='utf-8'?>\n{text}\n"

"""The JSON record of a run; its schema is ``checks/verdicts/schema.json``."""

import json
from typing import Any

from checks.suite.devices import devices
from checks.suite.fingerprint import machine, source_hash
from checks.suite.run import Study
from checks.suite.versions import versions

SCHEMA_VERSION = 1


def record(study: Study, *, timings: bool = False) -> dict[str, Any]:
    """The run as plain data: the same seed gives the same record.

    With ``timings`` it has the seconds of each claim, which differ from run to run.
    """
    return {
        "schema": SCHEMA_VERSION,
        "versions": dict(versions()),
        "source": source_hash(),
        "dtype": study.plan.precision,
        "devices": devices(),
        "machine": machine(),
        "tier": study.plan.tier,
        "seed": study.plan.seed,
        "budget": study.plan.budget,
        "not_at_tier": [claim.id for claim in study.absent],
        "failed": [{"id": claim.id, "why": str(why)} for claim, why in study.failed],
        "skipped": [claim.id for claim in study.skipped],
        "claims": [result.to_json() for result in study.results],
        "timings": {
            result.claim_id: round(seconds, 3)
            for result, seconds in zip(study.results, study.seconds, strict=True)
            if timings
        },
    }


def json_text(study: Study, *, timings: bool = False) -> str:
    """The record as indented JSON; a NaN is an error here and not a word in the file."""
    return json.dumps(record(study, timings=timings), indent=2, allow_nan=False) + "\n"

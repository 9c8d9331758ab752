"""Claims check themselves; keys extend; faults of a user's function are named, never judged."""

import json

import numpy as np
import pytest
import sympy as sp

from checks.verdicts import (
    ClaimError,
    Mutant,
    MutantOutcome,
    RateClaim,
    Task,
    evaluate,
    experiments,
    judge,
)
from checks.verdicts.tasks import _state, seed_keys

N = sp.Symbol("n")
LEVELS = [8, 16, 32, 64]


def rate_claim(error=None, **fields):
    defaults = {"id": "user/decay", "sizes": {"n": LEVELS}, "predicted": 1 / N, "kind": "exact"}
    error = error or (lambda size, keys: np.full(len(keys), 1.0 / size["n"]))
    return RateClaim(error=error, **{**defaults, **fields})


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"id": "not kebab"}, "received 'not kebab'"),
        ({"source": "guessed"}, "expected source in"),
        ({"sizes": {"n": [8, 16, 32]}}, "at least 4"),
        ({"sizes": {"m": LEVELS}}, "depends on"),
        ({"margin": -0.1}, "expected margin above 0"),
        ({"statistic": "median"}, "expected statistic in"),
        ({"predicted": 2 / N}, "coefficient 1"),
        ({"seeds": 0}, "seeds of at least 1"),
        ({"mutants": [Mutant("a", "", {"margins": 1.0})]}, "no such field"),
        ({"mutants": [Mutant("a", "", {"margin": 1.0})] * 2}, "same id"),
        ({"predicted": 1 / sp.log(N), "sizes": {"n": [1, 2, 4, 8]}}, "at least 2"),
    ],
)
def test_a_claim_that_cannot_be_tested_is_refused_when_built(fields, complaint):
    with pytest.raises(ValueError, match=complaint):
        rate_claim(**fields)


def test_sizes_and_seeds_may_depend_on_the_tier():
    claim = rate_claim(
        sizes={"smoke": {"n": LEVELS}, "full": {"n": [*LEVELS, 128]}},
        seeds={"smoke": 10, "full": 100},
        cap={"smoke": 45, "full": 100},
    )
    assert [len(claim.at(tier).points) for tier in ("smoke", "full")] == [4, 5]
    assert claim.at("smoke").looks == (10, 20, 40)
    assert claim.at("full").looks == (100,)
    with pytest.raises(ValueError, match="no tier 'standard'"):
        claim.at("standard")


def test_explicit_points_replace_the_product_of_levels():
    points = [{"n": 8, "m": 1}, {"n": 16, "m": 1}, {"n": 32, "m": 2}, {"n": 64, "m": 2}]
    assert list(rate_claim(sizes=None, points=points).at("smoke").points) == points


def test_more_seeds_extend_the_earlier_ones_and_claims_and_streams_differ():
    keys = seed_keys("a/b", 7, 0, 64)
    assert np.array_equal(seed_keys("a/b", 7, 0, 32), keys[:32])
    assert np.array_equal(seed_keys("a/b", 7, 32, 32), keys[32:])
    assert len(np.unique(keys, axis=0)) == 64
    for other in (
        seed_keys("a/c", 7, 0, 64),
        seed_keys("a/b", 8, 0, 64),
        seed_keys("a/b", 7, 0, 64, "right"),
    ):
        assert not np.any(np.all(other == keys, axis=1))


def test_the_keys_of_a_plain_function_are_those_of_its_claim():
    seen = []

    def error(size, keys):
        seen.append(keys)
        return np.full(len(keys), 1 / size["n"])

    for name in ("a/b", "a/b", "a/c"):
        (experiment,) = experiments((rate_claim(id=name, error=error),)).values()
        evaluate(experiment, Task(experiment.name, (("n", 8),), 0, 4, 5))
    assert np.array_equal(seen[0], seen[1])
    assert not np.array_equal(seen[0], seen[2])


def test_a_task_survives_json_and_can_be_a_key():
    task = Task("a/b:error", (("n", 8), ("m", 2)), 64, 32, 5)
    assert Task.from_json(json.loads(json.dumps(task.to_json()))) == task
    assert {task: 1}[Task.from_json(task.to_json())] == 1


def broken(size, keys):
    raise ZeroDivisionError("a slip")


def spoiled(value):
    def error(size, keys):
        errors = np.full(len(keys), 1.0)
        if size["n"] == 32:
            errors[3] = value
        return errors

    return error


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (broken, ["a slip", "size {'n': 8}", "seeds 0..63"]),
        (spoiled(np.nan), ["nan", "size {'n': 32}", "seed 3 of run seed 9"]),
        (spoiled(np.inf), ["inf", "seed 3"]),
        (spoiled(-1.0), ["at least 0", "-1.0", "seed 3"]),
        (lambda size, keys: np.ones(3), ["(64,)", "(3,)"]),
        (lambda size, keys: np.ones((len(keys), 2)), ["(64,)", "(64, 2)"]),
        (lambda size, keys: "text", ["float64", "<U4"]),
    ],
)
def test_a_fault_of_the_function_names_claim_size_and_seed(error, words):
    with pytest.raises(ClaimError) as caught:
        judge(rate_claim(error), seed=9)
    for word in ["user/decay", *words]:
        assert word in str(caught.value)


def test_weak_errors_may_be_negative():
    claim = rate_claim(lambda size, keys: np.full(len(keys), -1.0), statistic="weak")
    assert judge(claim).verdict.value == "REFUTED"


def test_a_mutant_with_its_own_function_is_measured_and_one_without_is_not():
    seen = []

    def measure(tasks):
        seen.extend(tasks)
        return [evaluate(experiments((claim,))[task.experiment], task) for task in tasks]

    def error(size, keys):
        noise = [np.random.default_rng([*key, size["n"]]).standard_normal() for key in keys]
        return np.exp(0.3 * np.array(noise)) / size["n"]

    own = Mutant("slower", "half the rate", {"error": lambda s, k: error(s, k) * s["n"] ** 0.5})
    shared = Mutant("exponent", "1/2 claimed", {"predicted": N ** sp.Rational(-1, 2)})
    claim = rate_claim(error, mutants=[own, shared])
    result = judge(claim, measure=measure)
    assert {task.experiment for task in seen} == {"user/decay:error", "user/decay:slower:error"}
    assert len(set(seen)) == len(seen)
    assert all(
        isinstance(m, MutantOutcome) and m.verdict.value == "REFUTED" for m in result.mutants
    )


def test_the_keys_of_late_seeds_are_those_of_numpy_without_the_earlier_ones() -> None:
    source = np.random.SeedSequence([3, 1, 4, 1, 5])
    words = source.generate_state(5000, np.uint32)
    for start, stop in ((0, 1), (0, 5000), (4998, 5000), (337, 642)):
        assert np.array_equal(_state(source, start, stop), words[start:stop])

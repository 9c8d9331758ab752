"""The command line: one short function a command; what it does is imported when it is called.

``--help`` must answer within half a second, so nothing here imports JAX or SymPy at the top.
"""

import contextlib
import errno
import gc
import os
import sys
import traceback
from contextvars import ContextVar
from pathlib import Path
from typing import Annotated, Any

import typer

from checks.app import options as opt
from checks.app.store_commands import store_app
from checks.suite import workers
from checks.suite.files import takes_nothing
from checks.suite.problem import InputProblem

_given: ContextVar[Any] = ContextVar("the house that `run` was handed", default=None)
INTERNAL_ERROR = 70  # EX_SOFTWARE of sysexits.h
CANNOT_WRITE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO)
PIPE_CLOSED = 141  # what a shell says of a process that SIGPIPE has ended

app = typer.Typer(
    name="verilimit",
    help="Derive, simulate and judge scaling limits of transformers.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit status: 0 all supported, 1 refuted or a step failed, 2 bad input, "
    "3 inconclusive or undecided.",
)

Targets = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[ROOM|CLAIM|FILE.py|DIR]...",
        help="What to check; nothing means what pyproject.toml declares, or every room.",
    ),
]


def run(of: Any = None) -> None:
    """Run the command line, in the house ``of`` or the one that options and files name."""
    raise SystemExit(status(of))


def status(of: Any = None) -> int:
    """The exit status of the command line.

    Bad input ends in one message on stderr and 2. A fault of verilimit itself shows its traceback
    and is 70: Python's own 1 would read as a refuted claim. A reader that closes the pipe changes
    no verdict and hears nothing.
    """
    _given.set(of)
    gc.set_threshold(workers.SELDOM)
    # Work items are small and run side by side: more threads for their algebra slow them down.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    if sys.stdout is None:  # closed by who started the command
        sys.stdout = os.fdopen(os.open(os.devnull, os.O_WRONLY), "w")
    if takes_nothing(sys.stdout):
        print(
            "verilimit: expected a standard output that can be written; received one that is full. "
            "Make room, or choose another; nothing was run.",
            file=sys.stderr,
        )
        return 2
    try:
        ended = _ended()
        sys.stdout.flush()
    except BrokenPipeError:
        ended = PIPE_CLOSED
    except Exception as error:
        if isinstance(error, OSError) and error.errno in CANNOT_WRITE:
            print(f"verilimit: expected a place to write to; received {error}", file=sys.stderr)
            ended = 2
        else:
            traceback.print_exc()
            ended = INTERNAL_ERROR
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.flush()
        return ended
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # nothing is left to say
    return ended


def _ended() -> int:
    try:
        app()
    except InputProblem as problem:
        print(f"verilimit: {problem}", file=sys.stderr)
        return 2
    except SystemExit as ended:
        if isinstance(ended.__context__, BrokenPipeError):
            return PIPE_CLOSED
        last = [frame for frame, _ in traceback.walk_tb(ended.__traceback__)][-1]
        if last.f_globals["__name__"].startswith("typer.") and isinstance(ended.code, int):
            return ended.code
        print(
            f"verilimit: expected {last.f_code.co_filename}, line {last.f_lineno}, to return; it "
            "ended the process; no verdict was reached",
            file=sys.stderr,
        )
    return 2


def house(rooms: list[Path] | None) -> Any:
    """The `House` of this command: rooms built in, named by ``--rooms``, or found otherwise."""
    from checks.suite.house import House

    return _given.get() or House(*roots_of(rooms))


def roots_of(rooms: list[Path] | None) -> tuple[tuple[Any, ...], bool]:
    """The roots of that house, and whether it has the built-in rooms; nothing heavy is imported."""
    from checks.suite.roots import named_roots

    given = _given.get()
    return (named_roots(rooms or ()), True) if given is None else (given.roots, given.built_in)


def is_layer_file(target: str) -> bool:
    """Whether a target of ``derive`` is a file, or one layer of a file."""
    return target.partition(":")[0].endswith(".py")


def _print_version(asked: bool) -> bool:
    if asked:
        from importlib.metadata import version

        print(f"verilimit {version('verilimit')}")
        raise typer.Exit
    return asked


@app.callback()
def common(
    version: Annotated[
        bool,
        typer.Option(
            "--version", is_eager=True, callback=_print_version, help="Print the version and exit."
        ),
    ] = False,
) -> None:
    """Derive, simulate and judge scaling limits of transformers."""


@app.command("list")
def list_rooms(
    rooms: opt.RoomsOption = None,
    coverage: Annotated[
        bool,
        typer.Option("--coverage", help="The paper's sentences, and what of each is checked."),
    ] = False,
) -> None:
    """Rooms, claims and where each statement comes from."""
    from checks.app.listing import print_listing

    roots, built_in = roots_of(rooms)
    raise typer.Exit(print_listing(roots, built_in=built_in, coverage=coverage))


@app.command()
def new(
    name: Annotated[str, typer.Argument(metavar="NAME")],
    rooms: opt.RoomsOption = None,
) -> None:
    """Write a small room of your own that runs and passes."""
    from checks.app.founding import found

    raise typer.Exit(found(name, tuple(rooms or ())))


@app.command()
def derive(
    room: Annotated[str, typer.Argument(metavar="ROOM|FILE.py[:LAYER]")],
    latex: Annotated[bool, typer.Option("--latex", help="Print formulas as LaTeX.")] = False,
    json: Annotated[Path | None, typer.Option("--json", help="Write the limits of a file.")] = None,
    steps: Annotated[
        str | None,
        typer.Option("--steps", metavar="MONOMIAL", help='Other steps for a layer, e.g. "N**2".'),
    ] = None,
    phase: Annotated[
        str | None,
        typer.Option(
            "--phase",
            metavar="P[:LOW:HIGH][,Q[:LOW:HIGH]]",
            help="The regimes in one or two exponents left symbolic.",
        ),
    ] = None,
    picture: Annotated[
        Path | None, typer.Option("--picture", help="Draw the phase diagram as SVG.")
    ] = None,
    whole: Annotated[
        bool, typer.Option("--all", help="Print side steps in full, not in one line each.")
    ] = False,
    rooms: opt.RoomsOption = None,
) -> None:
    """Run a room's derivation step by step, or derive the limits of the layers in a file."""
    if picture is not None and phase is None:
        raise InputProblem(
            expected="--picture with --phase: it draws the phase diagram",
            received="--picture alone",
            remedy="Name the exponent, e.g. --phase p.",
        )
    if is_layer_file(room) and phase is not None:
        from checks.app.phases import print_phases

        raise typer.Exit(print_phases(room, phase, steps=steps, latex=latex, out=json, svg=picture))
    if is_layer_file(room):
        from checks.app.layers import print_limits

        raise typer.Exit(print_limits(room, latex=latex, out=json, steps=steps))
    given = {"--json": json, "--steps": steps, "--phase": phase}
    if named := [name for name, value in given.items() if value is not None]:
        raise InputProblem(
            expected=f"{', '.join(named)} with a file of layers, FILE.py",
            received=f"{', '.join(named)} with {room}",
            remedy="Leave it away; `verilimit report` writes about rooms.",
        )
    from checks.app.derivation import print_derivation

    roots, built_in = roots_of(rooms)
    raise typer.Exit(print_derivation(room, roots, built_in=built_in, latex=latex, whole=whole))


@app.command()
def generate(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[ROOM|FILE.py]...", help="Nothing means every room."),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit 1 where a module is stale.")
    ] = False,
    rooms: opt.RoomsOption = None,
) -> None:
    """Write the JAX modules of rooms from their theorems, of layers beside their file."""
    files = [name for name in names or () if is_layer_file(name)]
    if files:
        from checks.app.layer_code import generate_layers

        stale = max(generate_layers(file, check=check) for file in files)
        names = [name for name in names or () if name not in files]
        if stale or not names:
            raise typer.Exit(stale)
    from checks.app.generation import generate_modules

    raise typer.Exit(generate_modules(tuple(names or ()), house(rooms), check=check))


@app.command()
def check(
    targets: Targets = None,
    tier: opt.TierOption = opt.Tier.smoke,
    seed: opt.SeedOption = 0,
    budget: opt.BudgetOption = 1e-3,
    jobs: opt.JobsOption = 0,
    executor: opt.ExecutorOption = opt.Executor.local,
    scheduler: opt.SchedulerOption = None,
    store: opt.StoreOption = opt.DEFAULT_STORE,
    json: Annotated[Path | None, typer.Option("--json", help="Write the record here.")] = None,
    junit: Annotated[Path | None, typer.Option("--junit", help="Write JUnit XML here.")] = None,
    rooms: opt.RoomsOption = None,
    until_decided: Annotated[
        bool,
        typer.Option("--until-decided", help="Go on beyond the cap of a claim that is undecided."),
    ] = False,
    max_seeds: Annotated[
        int | None,
        typer.Option("--max-seeds", min=1, help="How far --until-decided goes: else 65536 seeds."),
    ] = None,
    show_plan: Annotated[
        bool, typer.Option("--plan", help="List the experiments of the run, and run nothing.")
    ] = False,
    time_limit: Annotated[
        float | None,
        typer.Option("--time-limit", min=0.001, help="Seconds that one block may take."),
    ] = None,
    fail_fast: Annotated[
        bool, typer.Option("--fail-fast", "-x", help="Stop at the first that does not hold.")
    ] = False,
    events: Annotated[
        Path | None,
        typer.Option("--json-lines", help="Write what happens here, one JSON object a line."),
    ] = None,
    timings: Annotated[
        bool,
        typer.Option("--timings", help="Say where the time went; in --json, too."),
    ] = False,
    profile: Annotated[
        Path | None,
        typer.Option("--profile", metavar="DIR", help="Write JAX's trace of each block there."),
    ] = None,
    precision: Annotated[
        opt.Precision,
        typer.Option("--precision", help="float32 is for claims that allow it (single=True)."),
    ] = opt.Precision.float64,
    show_frames: Annotated[
        bool, typer.Option("--traceback", help="Show where in its own code a function failed.")
    ] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Name every block.")] = False,
    quiet: opt.QuietOption = False,
) -> None:
    """Measure finite networks and judge claims."""
    if executor is opt.Executor.local and not show_plan:
        workers.start(jobs, apart=any(".py" in target for target in targets or ()))
    from checks.app.checking import check
    from checks.app.machinery import Machinery
    from checks.suite.run import Plan

    if max_seeds is not None and not until_decided:
        raise InputProblem(
            expected="--max-seeds with --until-decided",
            received="--max-seeds alone",
            remedy="Add --until-decided.",
        )
    most = (max_seeds or 65536) if until_decided else None
    plan = Plan(tier.value, seed, budget, most, precision.value)
    machinery = Machinery(
        executor, scheduler, jobs, store, quiet, limit=time_limit, fail_fast=fail_fast,
        verbose=verbose, traceback=show_frames, timings=timings, events=events,
        profile=profile,
    )  # fmt: skip
    from checks.suite.targets import declared, select

    asked = tuple(targets or ()) or declared(Path.cwd())
    if show_plan:
        from checks.app.planning import print_plan

        alone = Machinery(opt.Executor.local, None, 1, store, quiet)
        raise typer.Exit(print_plan(select(asked, house(rooms)), plan, alone))
    raise typer.Exit(check(asked, house(rooms), plan, machinery, json=json, junit=junit))


@app.command()
def judge(
    file: Annotated[Path, typer.Argument(metavar="FILE.csv", help="CSV, TSV or Parquet.")],
    sizes: Annotated[str, typer.Option("--sizes", help="Columns of the sizes, e.g. n,L or h.")],
    error: Annotated[str, typer.Option("--error", help="Column of the error.")],
    seed: Annotated[
        str | None, typer.Option("--seed", help="Column that tells runs apart, if it is shared.")
    ] = None,
    standard_error: Annotated[
        str | None, typer.Option("--standard-error", help="Column with that of each mean.")
    ] = None,
    count: Annotated[
        str | None, typer.Option("--count", help="Column: of how many runs each mean is.")
    ] = None,
    statistic: Annotated[
        str, typer.Option("--statistic", help="Of the runs: mean, rms or geometric.")
    ] = "mean",
    step: Annotated[
        str | None,
        typer.Option("--step", help="Which sizes are steps, that go to 0, e.g. h; '' for none."),
    ] = None,
    predicted: Annotated[
        str | None,
        typer.Option(
            "--predicted",
            help="The rate, e.g. 'L^-1 + L^-1/3 H^-1/2', or 'sqrt(L^-2 + 1/H)'. Else estimate.",
        ),
    ] = None,
    kind: Annotated[str, typer.Option("--kind", help="'exact' or 'upper bound'.")] = "exact",
    margin: Annotated[
        float, typer.Option("--margin", help="Exponents that count as equal, either way.")
    ] = 0.1,
    next_order: Annotated[
        float | None, typer.Option("--next-order", help="Order of the next term, where known.")
    ] = None,
    resolution: Annotated[
        float | None, typer.Option("--resolution", help="Size of rounding in the error.")
    ] = None,
    method: Annotated[
        str | None, typer.Option("--method", help="Column of two methods: compare their errors.")
    ] = None,
    json: Annotated[Path | None, typer.Option("--json", help="Write the figures here.")] = None,
    plot: Annotated[Path | None, typer.Option("--plot", help="Write a plot here, .svg.")] = None,
) -> None:
    """Judge recorded errors, or estimate their rate where none is predicted."""
    from checks.app.judging import judge_table

    columns = {
        "sizes": sizes, "error": error, "run": seed, "standard_error": standard_error,
        "count": count, "statistic": statistic, "steps": step,
    }  # fmt: skip
    status = judge_table(
        file, columns=columns, predicted=predicted, kind=kind, margin=margin,
        next_order=next_order, resolution=resolution, method=method, json=json, plot=plot,
    )  # fmt: skip
    raise typer.Exit(status)


@app.command()
def report(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[ROOM|FILE.py]...", help="Nothing means every room."),
    ] = None,
    out: Annotated[Path, typer.Option("--out", help="The HTML file.")] = Path("report.html"),
    latex: Annotated[
        Path | None, typer.Option("--latex", help="Also write LaTeX into this directory.")
    ] = None,
    pdf: Annotated[
        Path | None,
        typer.Option("--pdf", help="Also print it into this file; Chromium or Chrome does it."),
    ] = None,
    table: Annotated[
        Path | None,
        typer.Option("--table", help="Also put the verdicts into this Markdown file."),
    ] = None,
    tier: opt.TierOption = opt.Tier.smoke,
    seed: opt.SeedOption = 0,
    budget: opt.BudgetOption = 1e-3,
    jobs: opt.JobsOption = 0,
    executor: opt.ExecutorOption = opt.Executor.local,
    scheduler: opt.SchedulerOption = None,
    store: opt.StoreOption = opt.DEFAULT_STORE,
    rooms: opt.RoomsOption = None,
    quiet: opt.QuietOption = False,
) -> None:
    """Write derivations, verdicts and pictures into one offline HTML file."""
    if executor is opt.Executor.local:
        workers.start(jobs)
    from checks.app.machinery import Machinery
    from checks.app.reporting import report
    from checks.suite.run import Plan

    plan = Plan(tier=tier.value, seed=seed, budget=budget)
    machinery = Machinery(executor, scheduler, jobs, store, quiet)
    status = report(
        tuple(names or ()), house(rooms), plan, machinery,
        out=out, latex=latex, pdf=pdf, table=table,
    )  # fmt: skip
    raise typer.Exit(status)


@app.command()
def mutate(
    room: Annotated[str, typer.Argument(metavar="ROOM")],
    rooms: opt.RoomsOption = None,
    number: Annotated[
        int, typer.Option("--number", "-n", min=1, help="Mutations to draw from all of the room.")
    ] = 40,
    seed: opt.SeedOption = 0,
    tier: opt.TierOption = opt.Tier.smoke,
    jobs: opt.JobsOption = 0,
    memory: Annotated[
        Path, typer.Option("--memory", help="Results are kept here; a second run continues.")
    ] = Path(".verilimit/mutants.jsonl"),
    json: Annotated[Path | None, typer.Option("--json", help="Write all mutations here.")] = None,
    table: Annotated[
        Path | None, typer.Option("--table", help="Put the score into this Markdown file.")
    ] = None,
    at_least: Annotated[
        float, typer.Option("--at-least", min=0, max=1, help="Exit 1 below this share noticed.")
    ] = 0.0,
    quiet: opt.QuietOption = False,
) -> None:
    """Break a room's own source, one place at a time: do its claims notice?"""
    from checks.app.mutating import mutate

    status = mutate(
        room, house(rooms), number=number, seed=seed, tier=tier.value, jobs=jobs, memory=memory,
        json=json, table=table, at_least=at_least, quiet=quiet,
    )  # fmt: skip
    raise typer.Exit(status)


@app.command()
def calibrate(
    targets: Targets = None,
    replicates: Annotated[
        int, typer.Option("--replicates", min=1, help="Fresh seeds a claim or a study gets.")
    ] = 200,
    judge: Annotated[
        bool, typer.Option("--judge", help="The judge itself, on studies of known truth.")
    ] = False,
    studies: Annotated[
        list[str] | None,
        typer.Option("--studies", help="With --judge: only these; A,B or given several times."),
    ] = None,
    table: Annotated[
        Path | None,
        typer.Option("--table", help="With --judge: put the rows into this Markdown file."),
    ] = None,
    tier: opt.TierOption = opt.Tier.smoke,
    seed: opt.SeedOption = 0,
    budget: opt.BudgetOption = 1e-3,
    jobs: opt.JobsOption = 0,
    executor: opt.ExecutorOption = opt.Executor.local,
    scheduler: opt.SchedulerOption = None,
    store: opt.StoreOption = opt.DEFAULT_STORE,
    json: Annotated[Path | None, typer.Option("--json", help="Write the figures here.")] = None,
    rooms: opt.RoomsOption = None,
    quiet: opt.QuietOption = False,
) -> None:
    """How often fresh seeds support, refute or leave open a claim and its mutants."""
    from checks.app.calibrating import calibrate_claims, calibrate_the_judge
    from checks.app.machinery import Machinery
    from checks.suite.run import Plan
    from checks.suite.targets import declared

    if judge:
        if targets:
            raise InputProblem(
                expected="--judge without claims: it has studies of its own",
                received=", ".join(targets),
                remedy="Leave one of the two away.",
            )
        raise typer.Exit(
            calibrate_the_judge(
                replicates=replicates, seed=seed, studies=studies or (), table=table, quiet=quiet,
                out=json,
            )
        )  # fmt: skip
    if studies or table:
        raise InputProblem(
            expected="--studies and --table with --judge",
            received=f"them with {', '.join(targets or ()) or 'claims'}",
            remedy="Add --judge, or leave them away.",
        )
    if executor is opt.Executor.local:
        workers.start(jobs)
    plan = Plan(tier=tier.value, seed=seed, budget=budget)
    machinery = Machinery(executor, scheduler, jobs, store, quiet)
    raise typer.Exit(
        calibrate_claims(
            tuple(targets or ()) or declared(Path.cwd()),
            house(rooms),
            plan,
            machinery,
            replicates=replicates,
            out=json,
        )
    )


@app.command()
def bench(
    targets: Targets = None,
    device: Annotated[
        bool,
        typer.Option("--device", help="An accelerator against the CPU: the heaviest experiments."),
    ] = False,
    speed: Annotated[
        bool,
        typer.Option("--speed", help="Starts, derivations, generated code and samplers instead."),
    ] = False,
    json: Annotated[
        Path | None, typer.Option("--json", help="Write the figures of --speed here.")
    ] = None,
    table: Annotated[
        Path | None, typer.Option("--table", help="Put those of --speed into this Markdown file.")
    ] = None,
    tier: opt.TierOption = opt.Tier.smoke,
    store: Annotated[
        Path | None, typer.Option("--store", help="Whose timings say what is heaviest (--device).")
    ] = None,
    rooms: opt.RoomsOption = None,
    quiet: opt.QuietOption = False,
) -> None:
    """What workers, Dask, devices and the store gain and cost here: ratios of whole runs.

    With --speed: how fast starts, derivations, generated code and samplers are, beside what one
    would use instead; targets are then rooms (with a file benchmarks.py), starting, judging or
    deriving. Nothing is asserted about a time: machines are shared and differ.
    """
    from checks.app.benching import bench_device, bench_runs
    from checks.app.speeds import bench_speed
    from checks.suite.run import Plan
    from checks.suite.targets import declared, select

    if device and speed:
        raise InputProblem(
            expected="--device or --speed",
            received="both",
            remedy="Run one after the other.",
        )
    if store is not None and not device:
        raise InputProblem(
            expected="--store with --device, which reads in it what is heaviest",
            received="--store without it",
            remedy="Leave it away: these runs have stores of their own.",
        )
    if speed:
        raise typer.Exit(
            bench_speed(targets or (), house(rooms), out=json, table=table, quiet=quiet)
        )
    if json or table:
        raise InputProblem(
            expected="--json and --table with --speed, whose figures they take",
            received="one of them without it",
            remedy="Add --speed, or leave the option away: ratios of runs are printed.",
        )
    asked = tuple(targets or ()) or declared(Path.cwd())
    plan = Plan(tier.value)
    claims = select(asked, house(rooms))
    if device:
        raise typer.Exit(bench_device(claims, plan, store or opt.DEFAULT_STORE))
    folders = [word for folder in rooms or () for word in ("--rooms", str(folder))]
    words = [*asked, "--tier", tier.value, *folders]
    raise typer.Exit(bench_runs(claims, words, plan, quiet=quiet))


@app.command()
def probe(
    room: Annotated[
        str | None, typer.Argument(metavar="[ROOM]", help="Nothing means every room.")
    ] = None,
    examples: Annotated[
        int | None, typer.Option("--examples", min=1, help="Examples to try of each property.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option("--seed", min=0, help="Explore from this seed.")
    ] = None,
    profile: Annotated[
        opt.Profile, typer.Option("--profile", help="ci: repeatable; nightly: explores, longer.")
    ] = opt.Profile.ci,
    checkpoint: Annotated[
        list[Path] | None,
        typer.Option(
            "--checkpoint",
            metavar="DIR|FILE|INDEX",
            help="Probe these trained weights instead (repeated: a series).",
        ),
    ] = None,
    map: Annotated[
        Path | None,
        typer.Option("--map", help="TOML file that says which tensor is which; else config.json."),
    ] = None,
    require: Annotated[
        list[str] | None,
        typer.Option(
            "--require", help="Of weights, e.g. 'SEC(1) <= 0.9': exit 1 where it is not met."
        ),
    ] = None,
    json: Annotated[Path | None, typer.Option("--json", help="Write figures of weights.")] = None,
    csv: Annotated[Path | None, typer.Option("--csv", help="Write them as a table.")] = None,
    plot: Annotated[Path | None, typer.Option("--plot", help="Draw a series, .svg.")] = None,
    rooms: opt.RoomsOption = None,
) -> None:
    """Look for a counterexample to each assumption, and for one outside its domain."""
    if any(given for given in (checkpoint, map, require, json, csv, plot)):
        from checks.app.weights import probe_weights

        status = probe_weights(
            tuple(checkpoint or ()), map, room, house(rooms), require=tuple(require or ()),
            json=json, csv=csv, plot=plot,
        )  # fmt: skip
        raise typer.Exit(status)
    from checks.app.probing import probe

    raise typer.Exit(probe(room, house(rooms), profile=profile.value, examples=examples, seed=seed))


app.add_typer(store_app, name="store", no_args_is_help=True)


@app.command()
def history(
    claim: Annotated[
        str | None, typer.Argument(metavar="[CLAIM]", help="An id; * stands for anything.")
    ] = None,
    against: Annotated[
        str | None, typer.Option("--against", help="Show what differs from this version.")
    ] = None,
    slowest: Annotated[bool, typer.Option("--slowest", help="The slowest first.")] = False,
    store: opt.StoreOption = opt.DEFAULT_STORE,
) -> None:
    """Verdicts over versions and dates, from the store."""
    from checks.app.storing import history as show

    raise typer.Exit(show(store, claim, against, slowest=slowest))


@app.command()
def certify(
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="Nothing means every inequality.")
    ] = None,
    replay: Annotated[
        Path | None, typer.Option("--replay", help="Check this certificate, without the prover.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Directory for the certificates, one file each.")
    ] = None,
    boxes: Annotated[
        int, typer.Option("--boxes", min=1, help="Boxes to use at most for one inequality.")
    ] = 200_000,
    rooms: opt.RoomsOption = None,
) -> None:
    """Prove inequalities by interval arithmetic, each proof replayed by an independent checker."""
    from checks.app import certifying

    if replay is not None:
        if name is not None or out is not None:
            raise InputProblem(
                expected="--replay alone: a certificate names its inequality",
                received="--replay with a name or --out",
                remedy="Leave them away.",
            )
        raise typer.Exit(certifying.replay(replay, house(rooms)))
    raise typer.Exit(certifying.prove(name, house(rooms), out=out, budget=boxes))

"""``verilimit store``: one short function a command, as in `checks.app.main`."""

from pathlib import Path
from typing import Annotated

import typer

from checks.app import options as opt

store_app = typer.Typer(help="The result store: what it holds, whether it is sound.")


@store_app.command("info")
def store_info(store: opt.StoreOption = opt.DEFAULT_STORE) -> None:
    """How much is kept, and since when."""
    from checks.app.storing import info

    raise typer.Exit(info(store))


@store_app.command("verify")
def store_verify(store: opt.StoreOption = opt.DEFAULT_STORE) -> None:
    """Verify every checksum; exit 2 where a row is damaged (a run measures it anew)."""
    from checks.app.storing import verify

    raise typer.Exit(verify(store))


@store_app.command("prune")
def store_prune(
    keep: Annotated[
        int, typer.Option("--keep-newest", min=1, help="States of the code to keep of a block.")
    ],
    store: opt.StoreOption = opt.DEFAULT_STORE,
) -> None:
    """Remove what older states of the code have measured."""
    from checks.app.storing import prune

    raise typer.Exit(prune(store, keep))


@store_app.command("export")
def store_export(
    out: Annotated[Path, typer.Argument(metavar="FILE")],
    store: opt.StoreOption = opt.DEFAULT_STORE,
) -> None:
    """Copy the store into a new file, also while a run writes it."""
    from checks.app.storing import export

    raise typer.Exit(export(store, out))


@store_app.command("import")
def store_import(
    source: Annotated[Path, typer.Argument(metavar="FILE")],
    store: opt.StoreOption = opt.DEFAULT_STORE,
) -> None:
    """Add what another store holds, for example that of a cluster."""
    from checks.app.storing import bring

    raise typer.Exit(bring(store, source))

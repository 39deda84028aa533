"""`jitt content preview`: a small server for one author, on this machine only. Needs no network."""

import os
import socket
import sys
import webbrowser
from pathlib import Path
from typing import Annotated

import typer
import uvicorn

from deploy.preview.drafts import NothingToShow, Shelf
from services.content.commands import content_app
from services.content.lint import LIBRARY
from shared.commands import fail

PORT = 8110
HOST = "127.0.0.1"
Where = Annotated[Path | None, typer.Argument(help="A module's file, or a folder of them. Default: those that ship with jitt.")]


def add_to(_: typer.Typer, __: typer.Typer) -> None:
    """Beside the other commands on modules, which content adds itself."""
    content_app.command("preview")(preview)


def preview(
    path: Where = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port on this machine; 0: any that is free.")] = PORT,
    no_open: Annotated[bool, typer.Option("--no-open", help="Print the address, and open no browser.")] = False,
) -> None:
    """See a module as mentors see it, from the file, with what to mend beside it. Reloads when you save; Ctrl-C stops it.

    Every page can be gone to, and every answer tried. Site, session and mentor are invented; nothing is sent or kept.

    Example: `jitt content preview showing_up_9.md`
    """
    if path and not path.exists():
        fail(f"There is no {path}. Name a module's file, or a folder of them (*.md).", 2)
    try:
        shelf = Shelf(path or LIBRARY)
    except NothingToShow as problem:
        fail(f"{problem} `jitt content new SKILL` begins one.", 2)
    with _listening(port) as listening:
        address = f"http://{HOST}:{listening.getsockname()[1]}/"
        typer.echo(f"Preview: {address}\nIt reloads when you save. Ctrl-C stops it.")
        if not no_open and _has_a_screen():
            webbrowser.open(address)
        _serve(shelf, listening)
    typer.echo("Stopped")


def _listening(port: int) -> socket.socket:
    try:
        return socket.create_server((HOST, port))
    except OSError as problem:
        why = os.strerror(problem.errno or 0)
        fail(f"Port {port} cannot be used ({why}). Name another with --port, or --port 0 for any that is free.", 2)


def _has_a_screen() -> bool:
    """Else a browser would open in the terminal, over what is printed there."""
    return sys.platform in ("darwin", "win32") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _serve(shelf: Shelf, listening: socket.socket) -> None:
    from deploy.preview.http import application

    config = uvicorn.Config(application(shelf), log_config=None, access_log=False, timeout_graceful_shutdown=1)
    try:
        uvicorn.Server(config).run(sockets=[listening])
    except KeyboardInterrupt:
        return

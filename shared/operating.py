"""Who does what from the command line: written down in the service that a command opens, before it does anything there.

Of what was typed only its words are kept, and the ids that it names or makes: never a name, an address or a site's own reference.
"""

import os
import pwd
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from typer._click.core import Context  # typer keeps click within itself, and has no door to these
from typer._click.globals import get_current_context

from shared.contracts import ids
from shared.messaging import store_operated
from shared.running import Running

Make = Callable[[str, str], UUID]
STAFF: tuple[Make, ...] = (ids.supervisor,)
# Parameters with a site's own reference, and whose id it makes; of `who` a role may say more.
REFERENCES: Mapping[str, tuple[Make, ...]] = {
    "mentor": (ids.mentor,), "person": STAFF, "delegate": STAFF, "supervisor": STAFF, "who": (ids.mentor, *STAFF),
    "session": (ids.session,), "ref": (ids.session,),
}  # fmt: skip
QUIET = ("as_json", "yes")  # options that change nothing of what is done


@dataclass(frozen=True, slots=True)
class Command:
    """`words`: which one, with the options that were set; `sites`: every site that it names, and `about` every id."""

    words: str
    sites: tuple[str, ...] = ()
    about: tuple[UUID, ...] = ()


async def note(running: Running) -> None:
    """Nothing where no command is at work, as in a test of its parts."""
    context = get_current_context(silent=True)
    if context is None:
        return
    done = described(_words(context), context.params)
    async with running.connection() as conn:
        await store_operated.note(conn, done.sites, operator(), done.words, done.about)


def described(words: str, given: Mapping[str, Any]) -> Command:
    sites = tuple(dict.fromkeys(map(str, _several(given.get("site") or given.get("site_id")))))
    found = [id for name, value in given.items() for one in _several(value) for id in _ids(name, one, sites, given)]
    return Command(words, sites, tuple(dict.fromkeys(found)))


def operator() -> str:
    """As the system calls whoever runs this, and its machine; behind sudo, who that was."""
    try:
        name = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        name = f"user {os.getuid()}"
    behind = os.environ.get("SUDO_USER", "") if os.getuid() == 0 else ""
    return f"{f'{behind} as ' if behind else ''}{name}@{socket.gethostname()}"


def _words(context: Context) -> str:
    """Without the program's own name, and without values."""
    flags = [one.opts[-1] for one in context.command.params
             if context.params.get(str(one.name)) is True and one.name not in QUIET]  # fmt: skip
    return " ".join([*context.command_path.split()[1:], *flags])


def _ids(name: str, value: Any, sites: Sequence[str], given: Mapping[str, Any]) -> Sequence[UUID]:
    if isinstance(value, UUID):
        return [value]
    if not isinstance(value, str) or not value:
        return []
    try:
        return [UUID(value)]
    except ValueError:
        return [make(site, value) for site in sites for make in _makes(name, given)]


def _makes(name: str, given: Mapping[str, Any]) -> tuple[Make, ...]:
    if name == "who" and given.get("role"):
        return (ids.mentor,) if given["role"] == "mentor" else STAFF
    return REFERENCES.get(name, ())


def _several(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value] if value else []

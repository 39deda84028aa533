"""`jitt erase`: a person's record goes from every service, with a receipt; and again after a restore, before anybody comes in."""

import asyncio
import json
import sys
from collections.abc import Sequence
from datetime import datetime
from email import message_from_bytes, policy
from pathlib import Path
from time import monotonic
from typing import Annotated, Any
from uuid import UUID, uuid4

import typer
from typer.core import TyperGroup

from deploy import topology
from deploy.privacy import asking
from deploy.privacy.asking import All, AsRole, Person, Site, Who, everywhere
from services.supervision import store_erasures
from services.supervision.erasures import Erasure
from services.supervision.messages import ErasureAsked
from shared import bus
from shared.commands import AsJson, fail
from shared.contracts.supervision import ERASED, PersonErased
from shared.messaging import store_erasing
from shared.settings import settings

WAIT_SECONDS = 60
KAFKA_AWAY = "Kafka does not answer, and it has the list of erasures: {}. Try again, or name a list that was kept apart: --file."
HELP = (
    "Delete everything about a person, everywhere, for good.\n\n"
    "`jitt erase REFERENCE --site SITE --dry-run` shows what would go. Without --dry-run it asks for the reference once more.\n\n"
    "Then: `jitt erase status ID` shows each service's receipt. After a backup was restored: `jitt erase reapply`, before "
    "anybody is let in."
)


class _PersonFirst(TyperGroup):
    """`jitt erase REFERENCE` means `jitt erase person REFERENCE`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and args[0] != "--help":
            args = ["person", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(cls=_PersonFirst, no_args_is_help=True, help=HELP)


def add_to(jitt: typer.Typer, _: typer.Typer) -> None:
    jitt.add_typer(app, name="erase")


@app.command()
def person(
    who: Who,
    *,
    site: Site = "",
    role: AsRole = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would go.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask. For programs.")] = False,
    as_json: AsJson = False,
) -> None:
    """Delete everything about one person. Nobody can bring it back.

    Example: jitt erase m-17 --site eastfield --dry-run
    """
    whom, counts = everywhere(lambda services: _looked(services, who, site, role))
    if dry_run:
        typer.echo(json.dumps({"person_id": str(whom.person_id), "rows": counts}) if as_json else _would(whom, counts))
        return
    if not yes:
        typer.echo(_would(whom, counts))
        if typer.prompt(f"To erase them for good, type {whom.reference}") != whom.reference:
            fail("That was something else. Nothing was erased.")
    done = everywhere(lambda services: _erased(services, whom, quiet=as_json))
    _forget_mails(settings().home / "mail", whom.names)
    typer.echo(json.dumps(done, default=str) if as_json else receipt(done))
    if not done["complete"]:
        raise typer.Exit(1)


def _forget_mails(folder: Path, names: Sequence[str]) -> None:
    """In development mails are files. Those that were sent elsewhere are in somebody's mailbox."""
    for file in folder.glob("*.eml") if names else ():
        message = message_from_bytes(file.read_bytes(), policy=policy.default)
        texts = [str(value) for value in message.values()]
        texts += [part.get_content() for part in message.walk() if part.get_content_maintype() == "text"]
        if any(name in text for name in names for text in texts):
            file.unlink(missing_ok=True)


@app.command()
def status(
    person_id: Annotated[str, typer.Argument(help="jitt's own id, as `jitt erase` printed it.")], *, as_json: AsJson = False
) -> None:
    """Each service's receipt for a person who was erased."""
    found = everywhere(lambda services: _status(services, asking.an_id(person_id)))
    if found is None:
        fail("Nobody has asked to erase a person with this id.")
    typer.echo(json.dumps(found, default=str) if as_json else receipt(found))


@app.command()
def ledger() -> None:
    """Who was erased, one JSON line each: ids only. Keep it apart from the backups, for `jitt erase reapply --file`."""
    for one in everywhere(_all_known):
        typer.echo(one.model_dump_json())


@app.command()
def reapply(
    file: Annotated[Path | None, typer.Option(help="A list that `jitt erase ledger` printed, beside what Kafka has.")] = None,
    as_json: AsJson = False,
) -> None:
    """Do all erasures again in every service. After a backup was restored, before anybody is let in."""
    listed = _listed(file) if file else []
    people, rows = everywhere(lambda services: _again(services, listed))
    if as_json:
        typer.echo(json.dumps({"people": people, "rows": rows}))
    else:
        typer.echo(f"{people} {'person was' if people == 1 else 'people were'} erased again: {rows} rows had come back.")


async def _looked(services: All, who: str, site: str, role: str) -> tuple[Person, dict[str, int]]:
    whom = await asking.find(services, who, site, role)
    counts: dict[str, int] = {}
    for running in services.values():
        async with running.connection() as conn:
            for kept in running.service.keeps:
                if number := await store_erasing.how_many(conn, kept, whom.person_id):
                    counts[kept.group] = counts.get(kept.group, 0) + number
    return whom, counts


def _would(whom: Person, counts: dict[str, int]) -> str:
    lines = [f"{whom.reference} ({whom.role.replace('_', ' ')}, {whom.person_id})"]
    wide = max(map(len, counts), default=0)
    lines += [f"  {group:<{wide}}  {number:>6,} row{'' if number == 1 else 's'}" for group, number in sorted(counts.items())]
    return "\n".join(lines if counts else [*lines, "  Nothing is kept about this person. They would only be barred."])


async def _erased(services: All, whom: Person, *, quiet: bool) -> dict[str, Any]:
    event = ErasureAsked.model_validate({"person_id": whom.person_id, "site_id": whom.site_id, "role": whom.role})
    began, told = monotonic(), set[str]()
    await services["supervision"].submit(event, id=str(uuid4()), source="jitt erase")
    while True:
        found = await _status(services, whom.person_id)
        assert found is not None  # submitted above
        for name in found["receipts"].keys() - told:
            told.add(name)
            if not quiet:
                typer.echo(f"{name} is done ({monotonic() - began:.1f} s)", err=True)
        if found["complete"] or monotonic() - began > WAIT_SECONDS:
            return found
        await asyncio.sleep(0.1)


async def _status(services: All, person_id: UUID) -> dict[str, Any] | None:
    async with services["supervision"].connection() as conn:
        found = await store_erasures.find(conn, person_id)
    return await _whole(services, found) if found else None


async def _whole(services: All, found: Erasure) -> dict[str, Any]:
    rows: dict[str, dict[str, int]] = {}
    for name, running in services.items():
        async with running.connection() as conn:
            own = await store_erasing.find(conn, found.person_id)
        rows[name] = own["rows"] if own else {}
    return {"person_id": str(found.person_id), "role": found.role, "asked_at": found.asked_at, "receipts": dict(found.receipts),
            "complete": set(topology.NAMES) <= found.receipts.keys(), "rows": rows, "closes_at": found.closes_at,
            "closed_at": found.closed_at}  # fmt: skip


def receipt(found: dict[str, Any]) -> str:
    asked: datetime = found["asked_at"]
    lines = [f"{found['person_id']}, asked for {asked:%Y-%m-%d %H:%M:%S} UTC"]
    for name in topology.NAMES:
        at = found["receipts"].get(name)
        rows = sum(found["rows"][name].values())
        took = f"done after {max(0.0, (at - asked).total_seconds()):.1f} s, {rows:,} rows" if at else "not done yet"
        lines.append(f"  {name:<12} {took}")
    if not found["complete"]:
        lines.append("A service that is not done has not been reached. It does it as soon as it runs: `jitt status`, then "
                     f"`jitt erase status {found['person_id']}`.")  # fmt: skip
    elif found["closed_at"]:
        lines.append(f"Closed {found['closed_at']:%Y-%m-%d}: no topic holds anything of this person any more.")
    else:
        lines.append(f"Events with the opaque id stay on topics until {found['closes_at']:%Y-%m-%d}; then this is closed.")
    return "\n".join(lines)


def _listed(file: Path) -> list[PersonErased]:
    try:
        return [PersonErased.model_validate_json(line) for line in file.read_text("utf-8").splitlines() if line.strip()]
    except OSError as problem:
        fail(f"{file} cannot be read: {problem.strerror}.", 2)
    except ValueError:
        fail(f"{file} is no list of `jitt erase ledger`. Nothing was done.", 2)


async def _all_known(services: All) -> list[PersonErased]:
    return await _known(services, await _on_topic())


async def _known(services: All, told: Sequence[PersonErased]) -> list[PersonErased]:
    """By what is `told`, and by every service's own ledger, should the topic be lost or a database restored. Of whom none of them
    says what they were, both are said: each looks for what the other does not."""
    found = {one.mentor_id: one for one in told}
    unclear: set[UUID] = set()
    for running in services.values():
        async with running.connection() as conn:
            for id, role in (await store_erasing.list_erased(conn)).items():
                if id not in found and role:
                    found[id] = PersonErased.model_validate({"mentor_id": id, "role": role})
                unclear.add(id)
    async with services["supervision"].connection() as conn:
        for one in await store_erasures.list_asked(conn, list(unclear - found.keys())):
            found[one.person_id] = PersonErased.model_validate(
                {"mentor_id": one.person_id, "role": one.role, "site_id": one.site_id}
            )
    both = (PersonErased.model_validate({"mentor_id": id, "role": role})
            for id in sorted(unclear - found.keys()) for role in ("mentor", "staff"))  # fmt: skip
    return [*found.values(), *both]


async def _on_topic() -> list[PersonErased]:
    until = {(ERASED, 0): sys.maxsize}
    return [PersonErased.model_validate_json(record.value)
            async for records in bus.history(settings().kafka, {}, until) for record in records if record.value]  # fmt: skip


async def _again(services: All, listed: Sequence[PersonErased]) -> tuple[int, int]:
    """How many people, and how many rows had come back."""
    try:
        told = await _on_topic()
    except (bus.Unread, bus.Error) as problem:
        if not listed:
            fail(KAFKA_AWAY.format(problem))
        told = []
    known = await _known(services, [*told, *listed])
    known = list({(one.mentor_id, one.role): one for one in (*told, *known, *listed)}.values())
    run, rows = uuid4(), 0
    for running in services.values():
        before = await _rows(running)
        for one in known:
            await running.submit(one, id=f"{run}/{one.mentor_id}/{one.role}", source="jitt erase reapply")
        rows += await _rows(running) - before
    return len({one.mentor_id for one in known}), rows


async def _rows(running: Any) -> int:
    total = 0
    async with running.connection() as conn:
        for id in await store_erasing.list_erased(conn):
            own = await store_erasing.find(conn, id)
            total += sum(own["rows"].values()) if own else 0
    return total

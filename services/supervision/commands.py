"""`jitt link`, and which other commands there are. Parsing words and printing; the work is elsewhere."""

import json
from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

import typer

from services.supervision import commands_links, commands_people, store_cases
from services.supervision.app import SERVICE
from services.supervision.commands_absence import absence_app
from services.supervision.commands_people import SiteId
from services.supervision.commands_site import site_app
from shared.commands import AsJson, fail, on
from shared.contracts import ids
from shared.running import Running
from shared.security import Link, mint_link
from shared.settings import settings

LINK_LIFE = timedelta(days=14)


def add_to(app: typer.Typer, import_app: typer.Typer) -> None:
    app.add_typer(site_app, name="site")
    app.add_typer(absence_app, name="absence")
    app.command("link")(link)
    import_app.command("people")(commands_people.people)
    import_app.command("oneroster")(commands_people.oneroster)


def link(
    training_id: Annotated[UUID | None, typer.Argument(help="The training's id.")] = None,
    *,
    session: Annotated[str, typer.Option(help="Or: the session, as its id, or with --site as the site's own reference.")] = "",
    mentor: Annotated[str, typer.Option(help="Or: the mentor's reference; the newest training, with --site.")] = "",
    site: SiteId = "",
    record: Annotated[bool, typer.Option("--record", help="The link to the mentor's own record; works for 90 days.")] = False,
    check_in: Annotated[bool, typer.Option("--check-in", help="The link to what a mentor says after the last session.")] = False,
    revoke: Annotated[bool, typer.Option("--revoke", help="Instead: end every link that the mentor has.")] = False,
    mail: Annotated[bool, typer.Option("--mail", help="With --record: send it to the mentor instead of printing it.")] = False,
    as_json: AsJson = False,
) -> None:
    """Print the link that opens a mentor's training. It works until two weeks after the session's start.

    Example: jitt link --site eastfield --mentor marcus

    Own record: jitt link --record --site eastfield --mentor marcus

    After the session: jitt link --check-in --site eastfield --mentor marcus
    """
    if [record, check_in, revoke].count(True) > 1:
        fail("Choose one of --record, --check-in and --revoke.", 2)
    if mail and not record:
        fail("--mail goes with --record. Links to trainings and check-ins are mailed by themselves.", 2)
    if mail:
        return commands_links.mail_record(site, mentor)
    if record:
        return commands_links.print_record(site, mentor, as_json=as_json)
    if revoke:
        return commands_links.revoke(site, mentor)
    if check_in and not (session or mentor):
        fail("Say which session: --session, or --mentor with --site.", 2)
    if not (training_id or session or mentor):
        fail("Say which training: its id, --session, or --mentor with --site.", 2)
    if mentor and not site:
        fail("A mentor's reference belongs to a site: add --site.", 2)
    mentor_id = ids.mentor(site, mentor) if mentor else None
    if check_in:
        return commands_links.print_check_in(_session(session, site), mentor_id, as_json=as_json)
    found = on(SERVICE, lambda running: _training(running, training_id, _session(session, site), mentor_id))
    if found is None:
        fail("No training is known for that. Usually it is assigned one day before the session; when no module fits, none is.")
    if (ends_at := found["starts_at"] + LINK_LIFE) <= found["now"]:
        fail("The link to that training ended two weeks after its session. The next training has a link of its own.")
    opens = Link("training", found["training_id"], found["mentor_id"], found["link_epoch"])
    url = f"{settings().assessment_url}/t/{mint_link(opens, ends_at)}"
    typer.echo(json.dumps({"url": url, "training_id": str(found["training_id"])}) if as_json else url)


def _session(session: str, site: str) -> UUID | None:
    if not session:
        return None
    try:
        return UUID(session)
    except ValueError:
        pass
    return ids.session(site, session) if site else fail("That is no session id. For the site's own reference, add --site.", 2)


async def _training(running: Running, training_id: UUID | None, session_id: UUID | None, mentor_id: UUID | None) -> Any:
    async with running.connection() as conn:
        return await store_cases.find_training(conn, training_id, session_id, mentor_id)

"""A mentor's language goes from the people file through every service to the page."""

import httpx2

from deploy.servers import url_of
from tests.flow.commands import soon
from tests.flow.people import heard
from tests.flow.running import eventually
from tests.flow.telling import by_calendar
from tests.flow.town import SPANISH, Town


def test_a_mentor_who_reads_spanish_gets_a_spanish_training_in_a_spanish_page(town: Town) -> None:
    by_calendar(town, SPANISH)
    link = soon("link", "--site", SPANISH.site, "--mentor", SPANISH.ref).strip()
    page = eventually(
        lambda: html if "Empezar la capacitación" in (html := httpx2.get(link, timeout=10).text) else "",
        "the training can be started, in Spanish",
    )
    [assigned] = heard("content.events", "content.training_assigned.v1", SPANISH)
    address = f"{url_of('content')}/v1/modules/{assigned['module']['module_id']}"
    module = httpx2.get(address, params={"locale": "es"}, timeout=10).json()["module"]
    assert '<html lang="es">' in page
    assert module["title"] in page

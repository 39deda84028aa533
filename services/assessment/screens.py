"""Rendering the mentor's pages: templates, their filters, and the words of every state that is no step of a training."""

from functools import lru_cache

from fastapi import Response
from jinja2 import Environment

from services.assessment import words
from services.assessment.guests import Closed
from services.assessment.visits import State, Visit
from shared.http import page
from shared.pages import environment, times

Words = tuple[str, tuple[str, ...]]

CLOSED: dict[str, tuple[int, Words]] = {
    "broken": (404, ("This link does not work.", ("Open it again from the e-mail, or copy the whole address.",))),
    "too_many": (429, ("Too many tries from here.", ("Wait a minute, then open the link from the e-mail again.",))),
    "expired": (410, ("This link has expired.", ("Links work until the session starts. Your next one comes by e-mail.",))),
    "revoked": (410, ("This link is no longer in use.", ())),
    "preparing": (200, ("Your training is being prepared.", ("Try again in a minute.",))),
}
NOTHING: Words = (
    "Nothing to do right now.",
    ("You are up to date. We will write when there is something for your next session.",),
)


@lru_cache(maxsize=1)
def templates() -> Environment:
    env = environment("services.assessment")
    env.filters |= {"filled": words.fill, "ordinal": ordinal}
    return env


def show(template: str, visit: Visit, status: int = 200, **values: object) -> Response:
    """A page of a training, with the site's name and the way to help in its header."""
    frame = {"site_name": visit.site.name if visit.site else "Your training", "talk": visit.talk}
    return page(templates(), template, status, visit=visit, **frame, **values)


def closed(found: Closed) -> Response:
    status, (heading, sentences) = CLOSED[found.reason]
    site = found.site
    phone = site.phone if site and found.reason in ("expired", "revoked") else None
    frame = {"site_name": site.name, "talk": words.talk(site)} if site else {}
    return page(templates(), "state.jinja", status, heading=heading, sentences=sentences, phone=phone, link=None, **frame)


def nothing() -> Response:
    heading, sentences = NOTHING
    return page(templates(), "state.jinja", heading=heading, sentences=sentences, phone=None, link=None)


def state(visit: Visit) -> Response:
    """Why there is nothing to answer now."""
    (heading, sentences), link = _state_words(visit), _state_link(visit)
    return show("state.jinja", visit, heading=heading, sentences=sentences, phone=None, link=link)


def ordinal(place: int) -> str:
    return f"{place}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(place, 'th') }"


def _state_words(visit: Visit) -> Words:
    match visit.state:
        case State.CANCELED:
            kept = "No training needed. What you already answered is kept and counts next time."
            return f"{_sessions_day(visit)} session is canceled.", (kept,)
        case State.DONE if visit.training.completed_at:
            return f"You finished this one {_when_finished(visit)}.", ()
        case State.STARTED:
            still = " You can still read the cards." if visit.cards else ""
            return "Your session has started.", (f"This training is closed.{still}",)
        case _:
            return CLOSED["preparing"][1]


def _state_link(visit: Visit) -> dict[str, str] | None:
    if visit.state is State.DONE:
        return {"href": f"{visit.base}/answers", "words": "Look at your answers again"}
    if visit.state is State.STARTED and visit.cards:
        return {"href": f"{visit.base}/cards/1", "words": "Read the cards"}
    return {"href": visit.base, "words": "Try again"} if visit.state is State.PREPARING else None


def _sessions_day(visit: Visit) -> str:
    return "Today’s" if visit.on_day == "today" else f"{times.day(visit.starts_at, visit.zone)}’s"


def _when_finished(visit: Visit) -> str:
    finished = visit.training.completed_at or visit.now
    return times.on_day(finished, visit.zone, visit.now)

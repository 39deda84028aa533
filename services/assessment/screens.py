"""Rendering the mentor's pages: templates, their filters, and the words of every state that is no step of a training."""

from base64 import b64encode
from dataclasses import replace
from datetime import datetime
from functools import lru_cache, partial

from fastapi import Request, Response
from jinja2 import Environment

from services.assessment import words
from services.assessment.guests import Closed, Renewal
from services.assessment.visits import PAGES, Place, State, Visit
from shared.http import mentors_page, wanted
from shared.pages import environment, languages, macros, times
from shared.pages.languages import N_, Language
from shared.pages.site_words import fill

Words = tuple[str, tuple[str, ...]]

CLOSED: dict[str, tuple[int, Words]] = {
    "broken": (404, (N_("This link does not work."), (N_("Open it again from the e-mail, or copy the whole address."),))),
    "too_many": (429, (N_("Too many tries from here."), (N_("Wait a minute, then open the link from the e-mail again."),))),
    "expired": (
        410,
        (
            N_("This link has expired."),
            (N_("Links work until the session starts. The next one comes before your next session."),),
        ),
    ),
    "revoked": (410, (N_("This link is no longer in use."), ())),
    "record_expired": (410, (N_("This link has expired."), (N_("Ask your site for a new link to your record."),))),
    "record_shut": (404, (N_("Your record is closed on this phone."), (N_("To see it, open the link from the e-mail."),))),
    "record_left": (200, (N_("Your record is closed on this phone."), (N_("To see it again, open the link from the e-mail."),))),
    "record_preparing": (200, (N_("Your record is being prepared."), (N_("Try again in a minute."),))),
    "check_in_expired": (410, (N_("This link has expired."), (N_("A check-in is open for three days after its session."),))),
    "check_in_preparing": (200, (N_("Your check-in is being prepared."), (N_("Try again in a minute."),))),
    "preparing": (200, (N_("Your training is being prepared."), (N_("Try again in a minute."),))),
}
PLACES = {"start.jinja": "", "done.jinja": "done", "answers.jinja": "answers", "paper.jinja": "paper"}  # or a step
STANDS: Words = (
    N_("This is not through yet."),
    (
        N_("What you sent is kept. It counts if we mend a fault on our side before your session starts."),
        N_("Nobody sees it until then. If it cannot wait, call your site."),
    ),
)
NOTHING: Words = (
    N_("Nothing to do right now."),
    (N_("You are up to date. We will write when there is something for your next session."),),
)


@lru_cache
def templates(language: Language) -> Environment:
    env = environment(PAGES, language)
    env.filters |= {"filled": partial(fill, language=language), "ordinal": partial(words.ordinal, language=language)}
    env.filters |= {"image": image, "language": partial(languages.own_name, said_in=language.code)}
    env.filters["megabytes"] = partial(words.megabytes, language=language)
    env.filters["how_long"] = partial(words.how_long, language=language)
    env.globals["parts"] = macros(env, "parts.jinja")
    return env


def image(svg: str) -> str:
    """A drawing as the address of an image: there it runs no script, fetches nothing, and is there offline too."""
    return f"data:image/svg+xml;base64,{b64encode(svg.encode()).decode()}"


def show(template: str, visit: Visit, status: int = 200, **values: object) -> Response:
    """A page of a training, with the site's name and the way to help in its header."""
    site_name = visit.site.name if visit.site else visit.language.gettext("Your training")
    place = values.get("place")
    at = PLACES.get(template, place.path if isinstance(place, Place) else "")
    unsent = template in ("question.jinja", "open.jinja") or bool(values.get("options"))
    frame = {"site_name": site_name, "talk": visit.talk, "tongues": tongues(visit, at, "mine" if unsent else "")}
    return mentors_page(templates(visit.language), template, status, visit=visit, **frame, **values)


def tongues(visit: Visit, at: str, form: str = "") -> dict[str, object]:
    """The other languages, for the footer. `at`: the page to come back to; `form`: the id of what is not sent yet on it."""
    return {"action": f"{visit.base}/language?at={at}", "form": form, "others": visit.tongues}


def offline(visit: Visit, name: str) -> Response:
    """About what the phone keeps: a page that needs a connection, or whether and that a training was removed."""
    return show("offline.jinja", replace(visit, keeps=visit.keeps and name != "forgotten"), name=name)


def closed(found: Closed) -> Response:
    status, said = CLOSED[found.reason]
    site = found.site
    phone = site.phone if site and found.reason in ("expired", "revoked", "record_expired") else None
    frame = {"site_name": site.name, "talk": words.talk(site, found.language)} if site else {}
    renewal = {"ref": found.renewal.ref, "asked": asked(found.renewal, found.language)} if found.renewal else None
    return _alone(said, found.language, status, phone, renewal, reason=found.reason, **frame)


def asked(renewal: Renewal, language: Language) -> str:
    """When a new link was asked for; empty: not within the day."""
    if renewal.asked_at is None:
        return ""
    at = times.clock(renewal.asked_at, renewal.zone, language)
    if times.same_day(renewal.asked_at, renewal.zone, renewal.now):
        return language.gettext("You asked for a new link today at %(time)s.", time=at)
    return language.gettext("You asked for a new link yesterday at %(time)s.", time=at)


def nothing(request: Request) -> Response:
    return _alone(NOTHING, languages.spoken(PAGES, *wanted(request)))


def _alone(
    said: Words,
    language: Language,
    status: int = 200,
    phone: str | None = None,
    renewal: dict[str, str] | None = None,
    **frame: str,
) -> Response:
    heading, *sentences = in_words(said, language)
    values = {"heading": heading, "sentences": sentences, "phone": phone, "link": None, "renewal": renewal}
    links = [(code, name, f"?lang={code}") for code, name in languages.others(PAGES, language.code)]
    return mentors_page(templates(language), "state.jinja", status, tongue_links=links, **values, **frame)


def state(visit: Visit) -> Response:
    """Why there is nothing to answer now."""
    (heading, sentences), link = _state_words(visit), _state_link(visit)
    return show("state.jinja", visit, heading=heading, sentences=sentences, phone=None, link=link)


def stands(visit: Visit) -> Response:
    """What was sent waits behind a record that failed. A phone that keeps the training goes on with what it keeps."""
    heading, *sentences = in_words(STANDS, visit.language)
    phone = visit.site.phone if visit.site else None
    return show("state.jinja", visit, 503, heading=heading, sentences=sentences, phone=phone, link=None)


def in_words(said: Words, language: Language) -> list[str]:
    """The heading, and its sentences."""
    return [language.gettext(text) for text in (said[0], *said[1])]


def _state_words(visit: Visit) -> Words:
    _ = visit.language.gettext
    match visit.state:
        case State.CANCELED:
            kept = _("No training needed. What you already answered is kept and counts next time.")
            return _canceled(visit), (kept,)
        case State.DONE if visit.training.completed_at:
            return _finished(visit.training.completed_at, visit), ()
        case State.STARTED if visit.cards:
            return _("Your session has started."), (_("This training is closed. You can still read the cards."),)
        case State.STARTED:
            return _("Your session has started."), (_("This training is closed."),)
        case _:
            heading, sentences = CLOSED["preparing"][1]
            return _(heading), tuple(_(sentence) for sentence in sentences)


def _state_link(visit: Visit) -> dict[str, str] | None:
    _ = visit.language.gettext
    if visit.state is State.DONE:
        return {"href": f"{visit.base}/answers", "words": _("Look at your answers again")}
    if visit.state is State.STARTED and visit.cards:
        return {"href": f"{visit.base}/cards/1", "words": _("Read the cards")}
    return {"href": visit.base, "words": _("Try again")} if visit.state is State.PREPARING else None


def _canceled(visit: Visit) -> str:
    _ = visit.language.gettext
    return _("Today’s session is canceled.") if visit.today else _("%(day)s’s session is canceled.", day=visit.day)


def _finished(at: datetime, visit: Visit) -> str:
    _ = visit.language.gettext
    if times.same_day(at, visit.zone, visit.now):
        return _("You finished this one today.")
    return _("You finished this one on %(day)s.", day=times.near_day(at, visit.zone, visit.now, visit.language))

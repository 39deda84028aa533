"""What a notice says to mentors, in their language: subject, sentences and one link. Pure.

Never: a young person, a skill, a title, a result, an answer (docs/decisions/0038). What is of no use any more is not said at all.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from services.supervision import letters_staff, notices
from services.supervision.letter_desk import Desk, Elsewhere, Letter, NotNow, NoUse, Written
from services.supervision.letter_facts import Facts
from services.supervision.notices import Kind, Notice
from shared.pages import languages, times

PAGES = "services.supervision"
MOST_PER_HOUR = 20  # to one person, beside alerts
PUT_OFF = timedelta(minutes=10)
RECORD_LIFE = timedelta(days=90)


def write(notice: Notice, facts: Facts, mentors: str, console: str) -> Written:
    """What to send now, if anything."""
    reader = facts.reader
    if not reader.here or (reader.mentor and reader.wanted == "none"):
        return NoUse("switched_off" if reader.here else "has_left")
    if facts.reads_now and facts.reads_now != reader.person_id:
        return Elsewhere(facts.reads_now)
    if facts.now >= notice.useful_until:
        return NoUse("too_late", expired=True)
    if reader.sent_lately >= MOST_PER_HOUR and notice.kind not in ("alert", "escalation"):
        return NotNow(facts.now + PUT_OFF, "many_at_once")
    if notice.kind not in WRITERS:
        return NoUse("unknown_kind")
    language = languages.spoken(PAGES, reader.locale) if reader.mentor else languages.ENGLISH
    return WRITERS[notice.kind](Desk(notice, facts, language, mentors, console))


def training(desk: Desk) -> Written:
    """One that is assigned in the night is written of in the morning; trigger has moved every other message already."""
    if useless := _of_no_session(desk):
        return useless
    if quiet := desk.quiet(desk.session.starts_at):
        return quiet
    session, when = desk.session, desk.when(desk.session.starts_at)
    _ = desk.language.gettext
    asks = _("This short training fits what is planned.")
    if session.quiz_by and session.quiz_by > desk.facts.now:
        asks += " " + _("Please finish it by %(when)s.", when=desk.when(session.quiz_by))
    return Letter(
        subject=_capital(_("%(when)s: your short training", when=when)),
        before=(desk.hello(), _("You have a session %(when)s.", when=desk.on(session.starts_at)) + " " + asks),
        label=_("Open the training"),
        url=desk.training(),
        after=(_("Open it once with a connection. It then works without one."), _reach(desk)),
        text=_("%(site)s: your short training for %(when)s:", site=desk.reader.site_name, when=when),
    )


def nudge(desk: Desk) -> Written:
    if useless := _of_no_session(desk):
        return useless
    _, when = desk.language.gettext, desk.when(desk.session.starts_at)
    return Letter(
        subject=_capital(_("%(when)s: your training is waiting", when=when)),
        before=(desk.hello(), _("Your training for %(when)s is waiting. It takes a few minutes.", when=when)),
        label=_("Open the training"),
        url=desk.training(),
        after=(_reach(desk),),
        text=_("%(site)s: your training for %(when)s is waiting:", site=desk.reader.site_name, when=when),
    )


def last_call(desk: Desk) -> Written:
    if useless := _of_no_session(desk):
        return useless
    _ = desk.language.gettext
    return Letter(
        subject=_("Your session starts soon"),
        before=(desk.hello(), _("Your session starts at %(clock)s. Even the first card helps.",
                                clock=times.clock(desk.session.starts_at, desk.reader.zone, desk.language))),
        label=_("Open the training"),
        url=desk.training(),
        after=(_reach(desk),),
        text=_("%(site)s: your session starts soon. Even the first card helps:", site=desk.reader.site_name),
    )  # fmt: skip


def check_in(desk: Desk) -> Written:
    if desk.facts.session is None or not desk.session.on:
        return NoUse("session_canceled")
    _, session = desk.language.gettext, desk.session
    talk = _("If you need to talk to someone now: %(link)s, or call %(phone)s.",
             link=f"{desk.mentors}/talk/{desk.reader.site_id}", phone=desk.reader.site_phone)  # fmt: skip
    return Letter(
        subject=_("How did it go? 30 seconds"),
        before=(desk.hello(), _("How did your session go? A few taps are enough.")),
        label=_("Tell us how it went"),
        url=desk.opens("check_in", session.session_id, session.starts_at + notices.LINK_LIFE),
        after=(talk,),
        text=_("%(site)s: how did your session go? 30 seconds:", site=desk.reader.site_name),
    )


def moved(desk: Desk) -> Written:
    if (useless := _superseded(desk)) or (useless := _of_no_session(desk, done=True)):
        return useless
    _, session = desk.language.gettext, desk.session
    when, was = desk.when(session.starts_at), desk.when(datetime.fromisoformat(desk.notice.about["was_at"]))
    change = _("Your session is now %(when)s. It was planned for %(was)s.", when=desk.on(session.starts_at), was=was)
    if session.done:
        rest, label, url = _("Your training for it is done. There is nothing else to do."), "", ""
    else:
        rest, label, url = _("The training stays the same."), _("Open the training"), desk.training()
        if session.quiz_by and session.quiz_by > desk.facts.now:
            rest += " " + _("Please finish it by %(when)s.", when=desk.when(session.quiz_by))
    return Letter(
        subject=_("Your session moved: now %(when)s", when=when),
        before=(desk.hello(), f"{change} {rest}"),
        label=label,
        url=url,
        after=(_reach(desk),),
        text=_("%(site)s: your session moved, now %(when)s.", site=desk.reader.site_name, when=when),
    )


def canceled(desk: Desk) -> Written:
    if useless := _superseded(desk):
        return useless
    _, was = desk.language.gettext, datetime.fromisoformat(desk.notice.about["was_at"])
    if was <= desk.facts.now:
        return NoUse("too_late", expired=True)
    when, on = desk.when(was), desk.on(was)
    if desk.notice.about["status"] == "moved_away":
        subject = _("Not your session any more: %(when)s", when=when)
        said = _("The session %(when)s is with another mentor now. You need no training for it.", when=on)
    else:
        subject = _("Session canceled: %(when)s", when=when)
        said = _("Your session %(when)s is canceled. You need no training for it.", when=on)
    kept = _("What you already answered is kept.")
    return Letter(subject, (desk.hello(), f"{said} {kept}"), after=(_reach(desk),),
                  text=_("%(site)s: %(subject)s.", site=desk.reader.site_name, subject=subject))  # fmt: skip


def hold(desk: Desk) -> Written:
    """That somebody would like a word, and that nothing is canceled: the reason is for the call."""
    if useless := _of_no_session(desk, done=True):
        return useless
    if quiet := desk.quiet(desk.session.starts_at):
        return quiet
    _, on = desk.language.gettext, desk.on(desk.session.starts_at)
    name = desk.reader.supervisor_name
    phone = desk.reader.supervisor_phone or desk.reader.site_phone
    if name:
        subject = _("Please call %(name)s before your session", name=name)
        asks = _("%(name)s would like a word with you before your session %(when)s: %(phone)s.", name=name, when=on, phone=phone)
    else:
        subject = _("Please call your site before your session")
        asks = _("Your site would like a word with you before your session %(when)s: %(phone)s.", when=on, phone=phone)
    return Letter(subject, (desk.hello(), asks, _("Your session is not canceled.")), after=(_reach(desk),),
                  text=_("%(site)s: please call %(phone)s before your session. It is not canceled.", site=desk.reader.site_name,
                         phone=phone))  # fmt: skip


def correction(desk: Desk) -> Written:
    if desk.facts.session is None or desk.session.training_id is None:
        return NoUse("unknown_training")
    if desk.session.starts_at + notices.LINK_LIFE <= desk.facts.now:
        return NoUse("link_over", expired=True)
    _ = desk.language.gettext
    return Letter(
        subject=_("We corrected a question"),
        before=(desk.hello(), _("A question in your training was not right, and we have corrected it. Your answer now counts as "
                                "right. Sorry about that.")),
        label=_("See what changed"),
        url=desk.training(),
        after=(_reach(desk),),
        text=_("%(site)s: we corrected a question of your training:", site=desk.reader.site_name),
    )  # fmt: skip


def link(desk: Desk) -> Written:
    """To the newest training while its link can live, else to the record: never an answer without a way on."""
    _, session = desk.language.gettext, desk.facts.session
    if session is None or session.training_id is None or session.starts_at + notices.LINK_LIFE <= desk.facts.now:
        return record(desk)
    return Letter(
        subject=_("Your new link"),
        before=(desk.hello(), _("You asked for a new link. Here it is.")),
        label=_("Open the training"),
        url=desk.training(),
        after=(_("If you did not ask for it, you can leave this mail as it is."), _reach(desk)),
        text=_("%(site)s: your new link:", site=desk.reader.site_name),
    )


def record(desk: Desk) -> Written:
    _ = desk.language.gettext
    return Letter(
        subject=_("Your trainings, in one place"),
        before=(desk.hello(), _("Here you find what you were trained in, your next sessions and a certificate to print.")),
        label=_("Open your record"),
        url=desk.opens("record", desk.reader.person_id, desk.facts.now + RECORD_LIFE),
        after=(_("The link works for 90 days."), _reach(desk)),
        text=_("%(site)s: your trainings and sessions, in one place:", site=desk.reader.site_name),
    )


WRITERS: dict[Kind, Callable[[Desk], Written]] = {
    **letters_staff.WRITERS,
    "training": training,
    "nudge": nudge,
    "last_call": last_call,
    "check_in": check_in,
    "moved": moved,
    "canceled": canceled,
    "hold": hold,
    "correction": correction,
    "link": link,
    "record": record,
}


def _of_no_session(desk: Desk, *, done: bool = False) -> NoUse | None:
    """`done`: of use also to somebody who has done the training."""
    session = desk.facts.session
    if session is None or not session.on:
        return NoUse("session_canceled" if session else "unknown_session")
    if session.starts_at <= desk.facts.now:
        return NoUse("session_started", expired=True)
    if done:
        return None
    return NoUse("training_done") if session.done else NoUse("no_training") if session.training_id is None else None


def _superseded(desk: Desk) -> NoUse | None:
    session = desk.facts.session
    return NoUse("changed_again") if session and session.revision > int(desk.notice.about["revision"]) else None


def _reach(desk: Desk) -> str:
    _, reader = desk.language.gettext, desk.reader
    if reader.reply_to and reader.supervisor_name:
        return _("Reply to this mail to reach %(name)s.", name=reader.supervisor_name)
    return _("Questions? Call %(phone)s.", phone=reader.site_phone)


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]

"""Feeds: calendars on the web, looked at again and again. What changed is told as an import would tell it.

What nobody can tell the mentor of is not kept: the calendar is read whole again once its mapping or the roster is another one.
"""

import logging
import random
from dataclasses import replace
from datetime import timedelta

from services.trigger import calendar_import, calendar_mapping, fetching, imports, mapping_words, store_feeds
from services.trigger.calendar_import import Compared, Days, Known, UnknownSite
from services.trigger.calendar_mapping import NO_MAPPING, CalendarMapping
from services.trigger.fetching import Fetched, Unreachable
from services.trigger.imports import Plan
from services.trigger.store_feeds import Asked, Feed
from shared.running import Running

LOG = logging.getLogger("jitt.feeds")
WHOLE_AGAIN = timedelta(hours=12)  # the days that are planned move on, also for a calendar that does not change
LONGEST_WAIT = timedelta(hours=6)
JITTER = 0.2
MOST_VANISHING, FEWEST_HELD = 0.2, 3  # of the sessions to come; one or two that vanish are nobody's accident
DICE = random.SystemRandom()


async def look(running: Running, feed: Feed) -> Asked:
    """One look, and what it came to, kept with the feed."""
    try:
        came = await _asked(running, feed)
    except Unreachable as error:
        came = failed(feed, error)
    except UnknownSite:
        came = failed(feed, Unreachable("unknown_site", "Nothing is known of this site yet."))
    except Exception as error:
        LOG.exception("a feed could not be taken in", extra={"feed": feed.id})
        came = failed(feed, Unreachable("failed", f"We could not take it in ({type(error).__name__}). It is tried again later."))
    LOG.info("looked at a feed", extra={"feed": feed.id, "outcome": came.outcome})
    await store_feeds.asked(running.pool, feed, came)
    return came


async def _asked(running: Running, feed: Feed) -> Asked:
    known = await known_of(running, feed)
    fetched = await fetch(running, feed, known)
    if fetched.data is None:
        return Asked("unchanged", "Nothing has changed.", wait(feed))
    found = await calendar_import.compare(running, fetched.data, asked_of(feed), Days(), known=known)
    plan, held = guarded(found.plan, feed.confirmed)
    refused = await calendar_import.tell(running, asked_of(feed), plan)
    words = said(found, plan, held, refused.total())
    return Asked("held" if held else "read", words, wait(feed), etag=fetched.etag, modified=fetched.modified, read_at=feed.now,
                 held=held, used=feed.confirmed, understood=known.digest,
                 needs=mapping_words.kept(plan.needs))  # fmt: skip


async def fetch(running: Running, feed: Feed, known: Known) -> Fetched:
    """Whole, or nothing when it is as it was and means what it meant; from time to time whole in any case."""
    fresh = feed.read_at is not None and feed.now - feed.read_at < WHOLE_AGAIN and feed.understood == known.digest
    etag, modified = (feed.etag, feed.modified) if fresh else ("", "")
    return await fetching.get(feed.url, etag=etag, modified=modified, private=running.settings.feed_private_addresses)


def asked_of(feed: Feed) -> imports.Asked:
    calendar = "" if feed.mentor_ref else feed.id
    return imports.Asked(feed.site_id, feed.mentor_ref or "", feed.activity, feed.complete, calendar)


async def known_of(running: Running, feed: Feed) -> Known:
    return await calendar_import.known(running, feed.site_id, mapping_of(feed))


def mapping_of(feed: Feed) -> CalendarMapping:
    return calendar_mapping.parse(feed.mapping) if feed.mapping else NO_MAPPING


def guarded(plan: Plan, confirmed: bool) -> tuple[Plan, int]:
    """What is told now, and how many sessions are held: of a calendar that suddenly has much less, more likely something broke
    than that everything was called off."""
    vanishing = len(plan.vanished)
    if confirmed or vanishing < FEWEST_HELD or vanishing <= MOST_VANISHING * plan.to_come:
        return plan, 0
    kept = tuple(change for change in plan.changes if change.event.session_ref not in plan.vanished)
    return replace(plan, changes=kept), vanishing


def said(found: Compared, plan: Plan, held: int, refused: int) -> str:
    """In words that name nobody: they are kept."""
    errors = len(found.reading.errors) + len(found.plan.problems)
    parts = [f"{imports.summary(plan)}."]
    whose = sum(need.sessions for need in plan.needs if need.why != imports.NO_ACTIVITY)
    if held:
        gone = "in it no more or nobody's now" if whose else "in it no more"
        parts.append(f"{held} sessions are {gone}, and stay planned until somebody confirms that.")
    if whose:
        parts.append(f"Of {whose} it is not said whose they are.")
    if unmapped := sum(plan.unmapped.values()):
        parts.append(f"Of {unmapped} it is not said what they are.")
    if errors:
        parts.append(f"{errors} entries cannot be read.")
    if refused:
        parts.append(f"{refused} were refused and are told again.")
    return " ".join(parts)


def failed(feed: Feed, error: Unreachable) -> Asked:
    """The wait doubles with each failure in a row, up to six hours; longer only where the server asks for it."""
    doubled = min(wait(feed) * 2 ** min(feed.failures, 10), LONGEST_WAIT)
    longest = max(doubled, timedelta(seconds=min(error.retry_after, 86_400)))
    return Asked(error.code, error.words, longest, failures=feed.failures + 1)


def wait(feed: Feed) -> timedelta:
    """Not all at the same second: many calendars are on one server."""
    return timedelta(minutes=feed.minutes) * DICE.uniform(1 - JITTER, 1 + JITTER)

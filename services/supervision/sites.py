"""Entering a site: what is left out stays as it is, and what nobody could call is refused in words."""

import re
from dataclasses import dataclass
from uuid import uuid4

from services.supervision import store
from services.supervision.messages import SiteEntered
from services.supervision.people_file import LOCALE, PHONE, zone
from shared.contracts.supervision import Hotline, SiteDescribed
from shared.running import Running

SITE_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,99}")
NUMBER = re.compile(r"[0-9]{3,6}")  # short numbers such as 988 are numbers too


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody wants to say of a site; None leaves it as it is."""

    site_id: str
    name: str | None = None
    zone: str | None = None
    phone: str | None = None
    hotline_label: str | None = None
    hotline: str | None = None
    reporting_steps: tuple[str, ...] | None = None
    on_call: str | None = None
    locales: tuple[str, ...] | None = None
    ask_directly: bool | None = None


class Incomplete(Exception):
    """Something is missing or cannot be so; the message says what to do."""


async def enter(running: Running, asked: Asked) -> tuple[SiteDescribed | None, SiteDescribed]:
    """The site before and after. Raises Incomplete."""
    async with running.connection() as conn:
        before = await store.find_site(conn, asked.site_id)
    await running.submit(entered(asked, before), id=str(uuid4()), source="site")
    async with running.connection() as conn:
        after = await store.find_site(conn, asked.site_id)
    assert after
    return before, after


def entered(asked: Asked, before: SiteDescribed | None) -> SiteEntered:
    if not SITE_ID.fullmatch(asked.site_id):
        raise Incomplete(f"“{asked.site_id}” cannot be a site's id. Use small letters, digits, - and _, such as eastfield.")
    name = asked.name or (before.name if before else "")
    phone = asked.phone or (before.phone if before else "")
    time_zone = asked.zone or (before.time_zone if before else "")
    if missing := [option for option, value in (("--name", name), ("--zone", time_zone), ("--phone", phone)) if not value]:
        raise Incomplete(f"A new site needs {' and '.join(missing)} too.")
    return SiteEntered(
        site_id=asked.site_id,
        name=name,
        phone=_number(phone, "--phone"),
        time_zone=zone(time_zone) or _no(f"“{time_zone}” is no time zone. Use a name such as America/Chicago."),
        locales=_locales(asked.locales or (before.locales if before else ("en",))),
        hotline=_hotline(asked, before.hotline if before else None),
        reporting_steps=asked.reporting_steps or (before.reporting_steps if before else ()),
        staff_on_call=_number(asked.on_call, "--on-call") if asked.on_call else before.staff_on_call if before else None,
        ask_directly=asked.ask_directly if asked.ask_directly is not None else before.ask_directly if before else True,
    )


def _hotline(asked: Asked, before: Hotline | None) -> Hotline | None:
    label = asked.hotline_label or (before.label if before else None)
    number = asked.hotline or (before.number if before else None)
    if bool(label) != bool(number):
        raise Incomplete("A hotline needs its name and its number: --hotline-label and --hotline.")
    return Hotline(label=label, number=_number(number, "--hotline")) if label and number else None


def _number(text: str, option: str) -> str:
    if not (PHONE.fullmatch(text) or NUMBER.fullmatch(text)):
        raise Incomplete(f"“{text}” is no phone number. Write {option} like “555 555 0100”.")
    return text


def _locales(locales: tuple[str, ...]) -> tuple[str, ...]:
    for locale in locales:
        if not LOCALE.fullmatch(locale):
            raise Incomplete(f"“{locale}” is no language. Write --locale like en or es.")
    return locales


def _no(words: str) -> str:
    raise Incomplete(words)

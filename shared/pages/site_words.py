"""The site's own numbers and steps inside a text that names them, such as `{staff_on_call}`. Pure."""

import re

from shared.contracts.supervision import SiteDescribed
from shared.pages.languages import ENGLISH, N_, Language

WITHOUT_SITE = {
    "state_hotline": N_("your state’s child protection line"),
    "reporting_steps": N_("your site’s reporting steps"),
    "staff_on_call": N_("your site’s staff"),
}
ALONE = re.compile(r"^\{reporting_steps\}$", re.MULTILINE)


def fill(text: str, site: SiteDescribed | None, language: Language = ENGLISH) -> str:
    """The site's own numbers and steps where the text names them; plain words where a site has not said.

    Steps that stand on a line of their own become a list.
    """
    if "{" not in text:
        return text
    if site and site.reporting_steps:
        listed = "\n".join(f"{n}. {step}" for n, step in enumerate(site.reporting_steps, 1))
        text = ALONE.sub(lambda _: listed, text)
    for name, value in _variables(site, language).items():
        text = text.replace(f"{{{name}}}", value)
    return text


def _variables(site: SiteDescribed | None, language: Language) -> dict[str, str]:
    plain = {name: language.gettext(words) for name, words in WITHOUT_SITE.items()}
    if site is None:
        return plain
    said = {
        "state_hotline": f"{site.hotline.label}, {unbroken(site.hotline.number)}" if site.hotline else "",
        "reporting_steps": " ".join(site.reporting_steps),
        "staff_on_call": unbroken(site.staff_on_call or ""),
    }
    return {name: said[name] or plain[name] for name in plain}


def unbroken(number: str) -> str:
    """A phone number that no line breaks: with no-break hyphens and spaces."""
    return number.replace("-", "\u2011").replace(" ", "\u00a0")

"""What the line under the header says of what waits on a phone: of a training and of a check-in."""

from typing import Any

from shared.pages.languages import Language

MOST = 40  # more than so many waiting answers are counted as so many


def strip(language: Language) -> dict[str, Any]:
    """What the line under the header says."""
    _, ngettext = language.gettext, language.ngettext
    return {
        "offline": _("You are offline. Keep going: your answers stay on this phone and are sent when you are back."),
        "waiting": [
            ngettext("%(num)s answer is waiting to be sent.", "%(num)s answers are waiting to be sent.", n)
            for n in range(MOST + 1)
        ],
        "call": _("Your supervisor has not been told yet. Please call."),
        "link": _("Open the link from the e-mail once more, so that what waits here can be sent."),
        "refused": _("These answers could not be sent. They are deleted from this phone."),
        "try": _("Try now"),
        "now": _("Now"),
    }

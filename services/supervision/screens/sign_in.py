"""What is said when a sign-in does not go through: what happened, and what to do next. {name} is whose account it is. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """`other`: another account may do; `again`: the same one may do as well, so that comes first."""

    status: int
    heading: str
    sentences: tuple[str, ...]
    other: bool = False
    again: bool = True


STALE = Problem(400, "That sign-in is over", (
    "It was begun more than 10 minutes ago, in another tab, or it was used already.", "Start again: nothing is lost.",
))  # fmt: skip
CANCELLED = Problem(403, "You are not signed in", ("Signing in with {name} was stopped before it was done.",), other=True)
DOWN = Problem(503, "{name} does not answer", (
    "Its sign-in cannot be reached at the moment. Try again in a few minutes.",
    "Who to call about a young person’s safety stands on the safeguarding page: the link is below.",
))  # fmt: skip
UNSOUND = Problem(502, "{name}’s answer could not be checked", (
    "To be safe, nobody was signed in. Try again. If you see this again, tell the people who run jitt for you.",
))  # fmt: skip
NO_END = Problem(404, "{name} has no page to sign out", (
    "You are signed out of jitt. To sign out of {name}, open it yourself, or close the browser.",
))  # fmt: skip
UNCONFIRMED = Problem(403, "Your e-mail address is not confirmed there", (
    "{name} does not say that your e-mail address is yours, so jitt cannot tell who you are.",
    "Ask {name} to confirm your address, then sign in again.",
), other=True, again=False)  # fmt: skip


def refused(code: str) -> Problem:
    """`code`: the provider's own."""
    if code == "access_denied":
        return CANCELLED
    if code == "invalid_grant":  # the code that came back was spent, or is too old
        return STALE
    sentences = (
        f"{{name}} did not sign you in. It said: {code}.",
        "Try again. If you see this again, tell the people who look after accounts at {name}.",
    )
    return Problem(502, "{name} did not sign you in", sentences, other=True)


def unknown(email: str | None) -> Problem:
    """`email`: the caller's own, as confirmed; None where it is not."""
    if email is None:
        return UNCONFIRMED
    shown = email.replace("{", "{{").replace("}", "}}")
    sentences = (
        f"{{name}} says that you are {shown}. No supervisor or site lead here has this address.",
        "Ask your site lead to put this address in the site’s list of people. Then sign in again.",
    )
    return Problem(403, "That account is not known here", sentences, other=True, again=False)


ROLES = {
    "supervisor": "supervisor",
    "site_lead": "site lead",
    "platform": "runs the network",
    "author": "writes trainings",
    "network": "looks at the network's figures",
}


def length(minutes: float) -> str:
    """60 -> 1 hour"""
    if minutes >= 60 and minutes % 60 == 0:
        return f"{minutes / 60:.0f} hour{'' if minutes == 60 else 's'}"
    return f"{minutes:g} minute{'' if minutes == 1 else 's'}"

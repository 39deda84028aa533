"""How each alert rule is said: its claim as a heading, and why it was raised. The rule's name is its identity."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from services.supervision.screens import said
from services.supervision.screens.facts import Alert
from shared.contracts.vocabulary import vocabulary
from shared.pages import times

KINDS = {"hold": "Safety", "talk": "Before the session", "idle": "Follow-up"}
FOLLOW_UP = frozenset({
    "same_mistake_again", "training_not_done", "answer_key_corrected", "planned_step_not_delivered", "sessions_missed_in_a_row",
    "support_contact_overdue", "clearance_expiring", "ending_without_goodbye",
})  # fmt: skip
TOGETHER = {
    "safety_item_missed": "a safety question missed",
    "uncleared_function_planned": "something planned that is not cleared",
    "mentor_asked_to_talk": "asked to talk",
    "support_contact_overdue": "no talk logged for too long",
}
LACKS = {"missing": "not cleared yet", "expired": "the clearance has ended", "suspended": "on hold", "revoked": "not cleared"}


@dataclass(frozen=True, slots=True)
class Words:
    claim: Callable[[Alert], str]
    why: str


def claim(alert: Alert) -> str:
    known = WORDS.get(alert.rule)
    return known.claim(alert) if known else f"{alert.mentor.name}: {alert.rule.replace('_', ' ')}"


def together(rule: str) -> str:
    """Of several alerts in one list."""
    return TOGETHER.get(rule, rule.replace("_", " "))


RULES = {
    "safeguarding_button_pressed": "mentors who ask to be called now",
    "confident_miss_on_safety_item": "safety questions missed while certain",
    "safety_item_missed": "safety questions missed",
    "out_of_scope_activity_planned": "plans that are for a professional",
    "uncleared_function_planned": "plans that are not cleared",
    "mentor_asked_to_talk": "mentors who ask to talk",
    "same_mistake_again": "the same mistake again",
    "training_not_done": "trainings not done",
    "sessions_missed_in_a_row": "sessions missed in a row",
    "support_contact_overdue": "talks that are due",
    "planned_step_not_delivered": "planned steps not done",
    "clearance_expiring": "clearances that end",
    "ending_without_goodbye": "matches that end without a goodbye",
    "answer_key_corrected": "questions that were corrected",
}


def of_rule(rule: str) -> str:
    """What a rule is about."""
    return RULES.get(rule, rule.replace("_", " "))


def why(alert: Alert) -> str:
    known = WORDS.get(alert.rule)
    return known.why if known else "A rule of this site found something to look at."


def kind(alert: Alert) -> str:
    """The icon: hold, talk or idle. A safety question missed on both tries is about safety, however sure the mentor was."""
    if alert.rule == "mentor_asked_to_talk":  # today is soon, and red means safety
        return "talk"
    if alert.severity == "urgent" or _missed_twice(alert):
        return "hold"
    return "idle" if alert.severity == "info" or alert.rule in FOLLOW_UP else "talk"


def _missed_twice(alert: Alert) -> bool:
    return alert.rule == "safety_item_missed" and alert.facts.get("retry") in ("wrong", "shown")


def _safety_miss(alert: Alert) -> str:
    name = alert.mentor.name
    match alert.facts.get("retry"):
        case "right":
            return f"{name} missed a safety question, right on the second try"
        case "wrong":
            return f"{name} missed a safety question twice"
        case "shown":
            return f"{name} missed a safety question and asked for the answer"
    return f"{name} missed a safety question"


def _certain(alert: Alert) -> str:
    after = {"right": ", right on the second try", "wrong": " twice"}.get(alert.facts.get("retry", ""), "")
    return f"{alert.mentor.name} was certain, and missed a safety question{after}"


def _uncleared(alert: Alert) -> str:
    lack = LACKS.get(alert.facts.get("lack", ""), "not cleared yet")
    function = said.function(alert.facts.get("function", ""))
    return f"{said.possessive(alert.mentor.name)} next session plans {said.quoted(function)}: {lack}"


def _out_of_scope(alert: Alert) -> str:
    found = vocabulary().scope_3.get(alert.facts.get("activity", ""))
    planned = said.quoted(found.title) if found else "something mentors do not do"
    return f"{said.possessive(alert.mentor.name)} session plans {planned}. That is for {_professional(alert)}"


def _professional(alert: Alert) -> str:
    found = vocabulary().scope_3.get(alert.facts.get("activity", ""))
    return found.professional if found else "a professional"


def _same_mistake(alert: Alert) -> str:
    phrase = vocabulary().mistakes.get(alert.facts.get("mistake", ""))
    return f"{alert.mentor.name} made the same mistake again{f': {said.lower(phrase)}' if phrase else ''}"


def _corrected(alert: Alert) -> str:
    whose = said.possessive(alert.mentor.name)
    match alert.facts.get("result"), alert.facts.get("hold"):
        case "right", "lifted":
            return f"{whose} hold is lifted: a question was wrong, and is corrected"
        case "right", _:
            return f"{whose} answer counts as right: a question was wrong, and is corrected"
        case "wrong", _:
            return f"{whose} answer no longer counts as right: a question was wrong, and is corrected"
    return f"{whose} answers count differently: questions were wrong, and are corrected"


def _asked(alert: Alert) -> str:
    when = {"week": " within the week", "today": " the same day"}.get(alert.facts.get("when", ""), "")
    return f"{alert.mentor.name} asked to talk{when}"


def _step_not_done(alert: Alert) -> str:
    steps, again = (list(filter(None, alert.facts.get(name, "").split(","))) for name in ("steps", "again"))
    words = said.step(alert.facts.get("activity", ""), (again or steps or [""])[0])
    named = f": {said.quoted(words)}" if words else ""
    if again:
        return f"{alert.mentor.name} did not do the same planned step twice running{named}"
    what = "a planned step" if len(steps) == 1 else f"{said.counted(len(steps), 'planned step', 'planned steps')}"
    return f"{alert.mentor.name} did not do {what}{named if len(steps) == 1 else ''}"


def _missed(alert: Alert) -> str:
    count = alert.facts.get("missed", "2")
    return f"{alert.mentor.name}: {said.number(int(count))} sessions missed in a row"


def _contact_due(alert: Alert) -> str:
    if last := alert.facts.get("last_talk"):
        days = (alert.raised_at - datetime.fromisoformat(last)).days
        return f"No talk logged with {alert.mentor.name} for {said.counted(days, 'day', 'days')}"
    return f"{alert.mentor.name} is due for a talk"


def _expiring(alert: Alert) -> str:
    function = said.quoted(said.function(alert.facts.get("function", "")))
    until = datetime.fromisoformat(alert.facts["until"]).astimezone(times.known(alert.zone))
    return f"{said.possessive(alert.mentor.name)} clearance for {function} ends {until:%B} {until.day}"


def _ending(alert: Alert) -> str:
    if alert.facts.get("when") == "over":
        return f"{said.possessive(alert.mentor.name)} match ended without a goodbye session"
    return f"{said.possessive(alert.mentor.name)} match is ending, and no goodbye session is planned"


def _not_done(alert: Alert) -> str:
    begun = "has not finished the training" if alert.facts.get("opened") == "yes" else "has not started the training"
    return f"{alert.mentor.name} {begun}"


WORDS = {
    "safeguarding_button_pressed": Words(
        lambda alert: f"{alert.mentor.name} asked to be called now",
        "The mentor tapped “Call me now” on the safety page. Please call. What happened is not written anywhere here.",
    ),
    "confident_miss_on_safety_item": Words(
        _certain,
        "A question about keeping someone safe was answered wrong on the first try, and the mentor felt certain. "
        "The functions that rest on it wait until you have talked. The session is not canceled. One alert for each session.",
    ),
    "safety_item_missed": Words(
        _safety_miss,
        "A question about keeping someone safe was answered wrong on the first try. "
        "The functions that rest on it wait until you have talked. The session is not canceled. One alert for each session.",
    ),
    "out_of_scope_activity_planned": Words(
        _out_of_scope,
        "The plan names something that mentors never do. Please change the plan with the site. "
        "The alert closes by itself when the plan has changed.",
    ),
    "uncleared_function_planned": Words(
        _uncleared,
        "The next session plans something this mentor is not cleared for at that moment. "
        "The alert closes by itself when the plan or the clearance has changed.",
    ),
    "mentor_asked_to_talk": Words(
        _asked,
        "The mentor asked for a talk, with the button or in the check-in after a session. Nothing else was sent: no reason, "
        "no story. The alert closes by itself when the mentor takes it back.",
    ),
    "same_mistake_again": Words(
        _same_mistake,
        "The same mistake was chosen on the first try in two of the last three trainings that offered it. "
        "Five minutes of role-play usually help.",
    ),
    "training_not_done": Words(
        _not_done,
        "The answers were due, and the training is not finished. A reminder or a short talk is enough.",
    ),
    "planned_step_not_delivered": Words(
        _step_not_done,
        "After the session the mentor said which planned steps were not done. Ask what got in the way: time, the plan, or how "
        "to do it. The skill comes back sooner in a training. The alert closes by itself when the step is done.",
    ),
    "sessions_missed_in_a_row": Words(
        _missed,
        "Sessions were canceled or not held, one after the other, and not because of a day off of the site. "
        "Call both sides. You are asked at the second, and again at the fourth. It closes by itself when a session takes place.",
    ),
    "support_contact_overdue": Words(
        _contact_due,
        "Matches last longer when staff keep in touch: two talks in the first four weeks, then one a month. "
        "It is one line for all your mentors. It closes by itself when a talk is logged.",
    ),
    "clearance_expiring": Words(
        _expiring,
        "A session to come rests on a clearance that ends within 30 days. Signed off in time, the plan can stay. "
        "You hear of it 30 and 7 days before, on Monday’s list only.",
    ),
    "ending_without_goodbye": Words(
        _ending,
        "A match is closing, or ends within 14 days, and no session is planned for saying goodbye. Plan one with the site. "
        "It closes by itself when one is planned.",
    ),
    "answer_key_corrected": Words(
        _corrected,
        "An author corrected a question after it was answered. Somebody had acted on that answer, or it had put something on "
        "hold. The mentor is told, too. Nothing has to be done; the brief says what changed.",
    ),
}

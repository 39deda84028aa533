"""What a session needs its mentor to know: need = base x (gap + miss + clear). Pure, and monotone in each input."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from shared.contracts.assessment import OpenMiss, SkillRemembered, recall
from shared.contracts.site import Mode, Stage
from shared.contracts.supervision import Clearance
from shared.contracts.trigger import ItemRef, Need, NeedReason
from shared.contracts.vocabulary import Constants, Skill, Vocabulary
from shared.values import value_object

LISTED = 3
RETURNING = 2
DIGITAL = "digital_safety"


@value_object(frozen=True, slots=True)
class Situation:
    """The session as its mentor meets it. `memory`: every skill this mentor was ever trained in."""

    activity: str
    stage: Stage
    mode: Mode
    focus: tuple[str, ...]
    session_no: int
    starts_at: datetime
    memory: Mapping[str, SkillRemembered]
    clearances: Sequence[Clearance] = ()


@value_object(frozen=True, slots=True)
class Needed:
    """One skill's need with the parts it is made of; `recalled` None: never trained."""

    skill: Skill
    base: float
    recalled: float | None
    miss: float
    clear: float

    @property
    def gap(self) -> float:
        return 1.0 if self.recalled is None else 1.0 - self.recalled

    @property
    def need(self) -> float:
        return round(self.base * (self.gap + self.miss + self.clear), 4)

    @property
    def reason(self) -> NeedReason:
        largest = max(self.gap, self.miss, self.clear)
        if largest == self.gap:
            return "never_trained" if self.recalled is None else "fading"
        return "missed_last_time" if largest == self.miss else "clearance_gap"

    def order(self) -> tuple[float, bool, float, float, str]:
        return (-self.need, not self.skill.safety, -self.base, self.recalled or 0.0, self.skill.code)

    def said(self) -> Need:
        return Need(skill=self.skill.code, need=self.need, reason=self.reason, predicted_recall=self.recalled)


def ranked(situation: Situation, words: Vocabulary, constants: Constants) -> list[Needed]:
    """Every skill that this session calls for, largest need first."""
    return sorted(_called_for(situation, words, constants), key=Needed.order)


def _called_for(situation: Situation, words: Vocabulary, constants: Constants) -> Iterator[Needed]:
    own = words.functions[words.activities[situation.activity].function]
    cleared = clear(own.code, situation, constants)
    for skill in words.skills.values():
        known = situation.memory.get(skill.code)
        importance = base(skill, situation, words, constants)
        if importance >= constants.smallest_base:
            recalled = recall(known, situation.starts_at) if known else None
            miss = max((weight(m, constants) for m in known.open_misses), default=0.0) if known else 0.0
            yield Needed(skill, importance, recalled, miss, cleared if skill.code in own.skills else 0.0)


def base(skill: Skill, situation: Situation, words: Vocabulary, constants: Constants) -> float:
    known = situation.memory.get(skill.code)
    found = [words.activities[situation.activity].weight(skill.code, situation.stage)]
    if skill.code in situation.focus:
        found.append(constants.in_focus)
    if skill.code == DIGITAL and situation.mode == "virtual":
        found.append(constants.virtual)
    if skill.safety:
        found.append(constants.safety)
    if known and any(miss.safety_critical for miss in known.open_misses):
        found.append(constants.open_safety_miss)
    if known is None and situation.session_no >= constants.untrained_from_session.get(skill.code, situation.session_no + 1):
        found.append(constants.untrained_safety)
    return max(found)


def weight(miss: OpenMiss, constants: Constants) -> float:
    """How much an open miss adds."""
    sure = miss.confidence == "sure"
    if miss.safety_critical:
        found = constants.missed_safety_sure if sure else constants.missed_safety
    elif miss.step is not None and miss.item_id is None:
        found = constants.step_not_done
    else:
        found = constants.missed_sure if sure else constants.missed
    return found * constants.recovered if miss.recovered else found


def clear(function: str, situation: Situation, constants: Constants) -> float:
    """What a missing, suspended, expired or soon expiring clearance for the activity's own function adds."""
    held = next((c for c in situation.clearances if c.function == function and c.state == "cleared"), None)
    if held is None:
        return constants.not_cleared
    if held.until is None:
        return 0.0
    if held.until <= situation.starts_at:
        return constants.not_cleared
    soon = held.until - situation.starts_at <= timedelta(days=constants.expires_within_days)
    return constants.clearance_expires if soon else 0.0


def worth_a_module(needed: Sequence[Needed], constants: Constants) -> bool:
    """False: the session needs nothing new; two known items keep what is there."""
    return bool(needed) and needed[0].need >= constants.worth_a_module


def asked_for(needs: Iterable[Need], constants: Constants) -> tuple[Need, ...]:
    """Those that are worth a module: where the largest finds none, a trifle gets none in its place."""
    return tuple(need for need in needs if need.need >= constants.worth_a_module)


def fading(memory: Mapping[str, SkillRemembered], at: datetime) -> tuple[str, ...]:
    """Every skill that was trained, lowest predicted recall at that time first."""
    return tuple(sorted(memory, key=lambda skill: (recall(memory[skill], at), skill)))


def returning(memory: Iterable[SkillRemembered]) -> tuple[ItemRef, ...]:
    """At most two items that were missed: safety first, sure before not, oldest first, whatever the ranking says."""
    misses = sorted((miss for known in memory for miss in known.open_misses if miss.item_id), key=_first_to_return)
    refs = dict.fromkeys(ref for miss in misses if (ref := _ref(miss)))
    return tuple(refs)[:RETURNING]


def open_safety_skills(memory: Iterable[SkillRemembered]) -> tuple[str, ...]:
    return tuple(sorted(known.skill for known in memory if any(miss.safety_critical for miss in known.open_misses)))


def _first_to_return(miss: OpenMiss) -> tuple[bool, bool, datetime, str, str]:
    return (not miss.safety_critical, miss.confidence != "sure", miss.missed_at, miss.module_id or "", miss.item_id or "")


def _ref(miss: OpenMiss) -> ItemRef | None:
    if miss.module_id is None or miss.version is None or miss.item_id is None:
        return None
    return ItemRef(module_id=miss.module_id, version=miss.version, item_id=miss.item_id)

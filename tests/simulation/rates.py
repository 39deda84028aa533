"""How often things happen to a mentor, for a simulated year.

The first two are what the alert rules were designed for: sixteen trainings a week for each supervisor, half of them with a
question about safety, 12 % of those missed, 30 % of the missed while certain. The others are our own judgement of an ordinary
network; nobody has measured them, and a pilot replaces them.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rates:
    mentors_each: int = 18  # mentors of a supervisor
    with_session: float = 16 / 18  # in a week of term
    safety_question: float = 0.5
    safety_missed: float = 0.12
    certain: float = 0.3
    mistake: float = 0.04  # of one of the five that a training offers
    not_done: float = 0.04
    missed_session: float = 0.06  # canceled or not held
    missed_after_missed: float = 0.25
    day_off_weeks: tuple[int, ...] = (13, 17, 18, 31)  # of the 52, from September on: nobody meets
    summer: int = 42  # the week in which matches end
    goodbye_planned: float = 0.95
    check_in: float = 0.7
    step_not_done: float = 0.03
    talk_within_the_week: float = 0.01
    talk_today: float = 0.002
    call_can_wait: float = 0.002
    call_now: float = 0.0005
    uncleared: float = 0.003
    out_of_scope: float = 0.0003
    clearance_ends: float = 0.3  # of mentors have one that ends within the year
    renewed_in_time: float = 0.9
    routine_talk_days: tuple[int, int] = (10, 40)  # between one and the next
    looked_at: float = 0.85  # of a supervisor's open alerts, each time they sit down to them
    not_needed: float = 0.2  # of talks about what is not about safety
    monday: float = 0.6  # of what waits for Monday is dealt with then


BUSY = Rates(mistake=0.12, not_done=0.12, missed_session=0.15, step_not_done=0.1, talk_within_the_week=0.04)

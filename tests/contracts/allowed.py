"""Every field that may cross a topic, with its type. A new one is added here by a person who has asked: is it about somebody?

Never: names and contacts of people, birth dates, free text, tokens. Of a young person there is an opaque reference, no more.
"""

UUID, TIME, DAY, TEXT, CODE = "uuid", "date-time", "date", "string", "string"
WHOLE, NUMBER, YES_NO, CHOICE, PART, PARTS, CODES = "integer", "number", "boolean", "enum", "part", "part[]", "string[]"

# In any event: ids that mean nothing outside, instants, figures, and codes of the vocabulary or of a policy.
ANYWHERE = {
    "mentor_id": UUID, "supervisor_id": UUID, "session_id": UUID, "training_id": UUID, "request_id": UUID,
    "decision_id": UUID, "alert_id": UUID, "cancellation_id": UUID, "first_day": DAY, "day_after": DAY,
    "site_id": CODE, "mentee_ref": CODE, "module_id": CODE, "item_id": CODE,
    "at": TIME, "starts_at": TIME, "quiz_by": TIME, "assigned_at": TIME, "opened_at": TIME, "answered_at": TIME,
    "corrected_at": TIME, "regraded_at": TIME, "requested_at": TIME, "changed_at": TIME,
    "received_at": TIME, "completed_at": TIME, "reviewed_at": TIME, "missed_at": TIME, "pressed_at": TIME,
    "acknowledge_by": TIME, "until": TIME, "source_updated_at": TIME,
    "revision": WHOLE, "version": WHOLE, "rule_version": WHOLE, "policy_version": WHOLE, "vocabulary_version": WHOLE,
    "corrected_version": WHOLE,
    "minutes": WHOLE, "training_minutes": WHOLE, "session_no": WHOLE, "days": WHOLE, "link_epoch": WHOLE,
    "probability": NUMBER, "score": NUMBER, "need": NUMBER, "top_need": NUMBER, "predicted_recall": NUMBER,
    "stability": NUMBER, "difficulty": NUMBER, "decay": NUMBER,
    "available": YES_NO, "recall_only": YES_NO, "shown": YES_NO, "correct": YES_NO, "safety_critical": YES_NO,
    "late": YES_NO, "first_try": YES_NO, "recovered": YES_NO, "complete": YES_NO, "closing": YES_NO, "held": YES_NO,
    "status": CHOICE, "stage": CHOICE, "match_stage": CHOICE, "mode": CHOICE, "moment": CHOICE, "state": CHOICE,
    "severity": CHOICE, "outcome": CHOICE, "confidence": CHOICE, "attempt": CHOICE,
    "activity": CODE, "function": CODE, "skill": CODE, "step": CODE, "rule": CODE, "locale": CODE, "time_zone": CODE,
    "content_hash": CODE, "focus": CODES, "fading": CODES, "mistakes": CODES, "offered_mistakes": CODES, "chosen": CODES,
    "assumed": CODES,
    "site_variables": CODES, "open_safety_skills": CODES,
    "arms": PARTS, "needs": PARTS, "items": PARTS, "reasons": PARTS, "candidates": PARTS, "open_answers": PARTS,
    "open_misses": PARTS, "clearances": PARTS, "matches": PARTS, "module": PART,
}

# In this one class only: the same word elsewhere could be about a person.
ONLY_IN = {
    "SessionScheduled": {"session_ref": CODE, "mentor_ref": CODE},  # the site's own references, on its own topic
    "SessionCancelled": {"session_ref": CODE},
    "SessionHeld": {"session_ref": CODE},
    "Arm": {"name": CODE},
    "DecisionMade": {"arm": CODE, "experiment": CODE, "reason": CODE},
    "Need": {"reason": CHOICE},
    "NothingSuitable": {"reason": CODE},
    "SessionCalledOff": {"reason": CHOICE},
    "DayCalledOff": {"rule": CHOICE, "reason": CODE, "sessions": PARTS},
    "DayCalledOffClosed": {"rule": CHOICE, "by": UUID, "how": CHOICE},
    "Reason": {"code": CHOICE},
    # Of a question that was wrong: the reason is the author's sentence about it, as public as the question itself.
    "ItemCorrected": {"kind": CHOICE, "right": CODES, "mistakes": "{string}", "key_changed": YES_NO, "reason": TEXT},
    "AnswerRegraded": {"correct_before": YES_NO, "mistakes_before": CODES, "reason": TEXT},
    "ContentRequested": {"returning": PARTS},
    "AssignedItem": {"returning": YES_NO},
    "Candidate": {"why_not": CHOICE},
    "TrainingAssigned": {"kind": CHOICE},
    "ItemAnswered": {"kind": CODE, "returning": YES_NO, "seconds": WHOLE},  # in coarse steps: for the question, not the person
    "CompletedItem": {"returning": YES_NO},
    "ReadinessTold": {"ready": CHOICE},  # one of three words about the training, none about anybody else
    "ItemReported": {"kind": CHOICE, "withdrawn": YES_NO},
    "CallRequested": {"kind": CHOICE},
    "CheckInSubmitted": {"happened": YES_NO, "steps": PARTS, "wants_to_talk": CHOICE, "sent_at": TIME},  # no words of anybody
    "CheckedStep": {"done": CHOICE},
    "StepChecked": {"done": CHOICE},
    "Match": {"started_on": CODE, "ends_on": CODE},  # dates of the match, no birthday
    "MentorEnrolled": {"address_hash": CODE},  # keyed: nobody gets back to an address without JITT_ID_KEY
    "AlertRaised": {"facts": "{string}"},  # ids and codes
    "AlertAcknowledged": {"by": UUID},
    "AlertSeen": {"by": UUID, "with_role": CODE},
    "AlertPlaced": {"place": CHOICE},
    "DigestReady": {"alert_ids": "uuid[]"},
    "AlertSnoozed": {"by": UUID},
    "AlertEscalated": {"to": UUID, "to_role": CODE, "why": CODE},
    "AlertResolved": {"by": UUID, "how": CODE},
    "PersonErased": {"role": CHOICE},
    "ClearanceChanged": {"why": CODE, "by": UUID},
    "NoticeDelivered": {"notice_id": UUID, "person_id": UUID, "kind": CODE, "state": CODE, "channel": CODE, "tries": WHOLE,
                        "reason": CODE},
    "ContactLogged": {"how": CHOICE},  # one of three ways to talk
}

# Words and numbers that an organization publishes about itself, and what authors write for everybody.
PUBLIC = {
    "SiteDescribed": {"name": TEXT, "phone": TEXT, "locales": CODES, "hotline": PART, "reporting_steps": "string[]",
                      "staff_on_call": TEXT, "ask_directly": YES_NO},
    "Hotline": {"label": TEXT, "number": TEXT},
    "Module": {"title": TEXT, "hook": TEXT, "keep_in_mind": TEXT, "scope_level": CHOICE, "refer_when": TEXT,
               "reviewed_by": "string[]", "reviewed_on": CODE, "review_due": CODE, "cards": PARTS, "prompts": "string[]"},
    "Card": {"kind": CHOICE, "title": TEXT, "text": TEXT, "scene": PARTS, "branches": PARTS, "picture": PART, "media": PART},
    "Picture": {"name": CODE, "alt": TEXT, "svg": TEXT, "width": WHOLE, "height": WHOLE},  # a drawing, of nobody
    "Media": {"name": CODE, "title": TEXT, "sha256": CODE, "media_type": CODE, "size": WHOLE, "seconds": WHOLE, "captions": CODE,
              "transcript": TEXT},  # an author's recording of a scene, of nobody
    "Line": {"who": CHOICE, "text": TEXT},
    "Branch": {"id": CODE, "say": TEXT, "reaction": TEXT, "then": TEXT},
    "Item": {"id": CODE, "kind": CHOICE, "safety": YES_NO, "topic": TEXT, "stem": TEXT, "question": TEXT, "cue": TEXT,
             "options": PARTS, "prompt": TEXT},
    "Option": {"id": CODE, "text": TEXT, "right": YES_NO, "mistake": CODE, "why": TEXT, "place": WHOLE},
}

# An entry that holds one of these words is about a person, unless it is PUBLIC or stands in NOT_PERSONAL.
WORDS = """
name names nickname surname initials email mail phone mobile address street birth birthday birthdate born dob age gender photo
picture note notes text comment comments remark message answer answers words token secret password link url ip device diagnosis
religion guardian parent grade
"""
PERSONAL = frozenset(WORDS.split())
NOT_PERSONAL = frozenset({
    "Arm.name",  # of an experiment's arm
    "MentorEnrolled.address_hash",
    "link_epoch",  # a count: a new one revokes every link before it
    "open_answers",  # whether there is one, never its text
})

-- Alerts are sent before anything else: found at once also while a hundred thousand reminders wait for a mail server.
CREATE INDEX notice_urgent ON notice (due_at) WHERE due_at IS NOT NULL AND kind IN ('alert', 'escalation', 'hold');

"""Who is told of alerts: receivers of webhooks, and readers of topics of their own. Binding only."""

from operator import attrgetter

from services.supervision import store_subscribers, store_webhooks, subscribers, webhooks
from services.supervision.subscribers import Subscriber, SubscriberAdded, SubscriberRemoved
from services.supervision.webhook_messages import (
    WebhookAdded,
    WebhookPaused,
    WebhookRemoved,
    WebhookReplayed,
    WebhookSecretChanged,
    WebhookTried,
)
from services.supervision.webhooks import Webhook
from shared.messaging import Handler

NAME = attrgetter("name")
WEBHOOK = Handler[Webhook](
    name="webhook",
    on={
        WebhookAdded: (NAME, webhooks.added),
        WebhookSecretChanged: (NAME, webhooks.secret_changed),
        WebhookPaused: (NAME, webhooks.paused),
        WebhookRemoved: (NAME, webhooks.removed),
        WebhookReplayed: (NAME, webhooks.replayed),
        WebhookTried: (NAME, webhooks.tried),
    },
    load=store_webhooks.load_webhooks,
    save=store_webhooks.save_webhooks,
)
SUBSCRIBER = Handler[Subscriber](
    name="subscriber",
    on={SubscriberAdded: (NAME, subscribers.added), SubscriberRemoved: (NAME, subscribers.removed)},
    load=store_subscribers.load_subscribers,
    save=store_subscribers.save_subscribers,
)

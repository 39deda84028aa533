"""Webhooks' secrets sealed anew with the newest key; receivers notice nothing."""

from collections import Counter
from dataclasses import replace

from services.supervision import store_webhook_secrets, webhook_secrets
from services.supervision.webhooks import Secret
from shared.running import Running
from shared.settings import settings


async def by_key(running: Running) -> Counter[str]:
    """How many secrets are sealed with each key."""
    async with running.connection() as conn:
        found = await store_webhook_secrets.list_secrets(conn)
    return Counter(secret.sealed.partition(":")[0] for secrets in found.values() for secret in secrets)


async def reseal(running: Running) -> int:
    """In one transaction: there are few. Raises CannotOpen when an old key is missing; nothing is changed then."""
    newest, done = next(iter(settings().webhook_keys)), 0
    async with running.connection() as conn, conn.transaction():
        for name, secrets in (await store_webhook_secrets.lock_secrets(conn)).items():
            old = [secret for secret in secrets if not secret.sealed.startswith(f"{newest}:")]
            if old:
                await store_webhook_secrets.put(conn, name, [_again(secret, name) for secret in secrets])
            done += len(old)
    return done


def _again(secret: Secret, name: str) -> Secret:
    return replace(secret, sealed=webhook_secrets.seal(webhook_secrets.unseal(secret.sealed, name), name))

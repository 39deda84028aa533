"""Settings from the environment (JITT_...), read once. Secrets have working defaults in development only."""

import re
from functools import lru_cache
from pathlib import Path
from ssl import SSLError, create_default_context
from typing import Literal, Self

from pydantic import BaseModel, Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

DEVELOPMENT_KEY = "development-only-key"


class CannotStart(Exception):
    """A setting is missing or does not fit what is to be started; the message says which, and what to do."""


class Issuer(BaseModel, frozen=True, extra="forbid"):
    """Whose accounts sign people in: a district's, or the network's own. Each speaks for its own sites only.

    `sites` are ids, “lake-*” for all that begin so, or “*” for every site and for people of no site.
    `confirms_email`: it gives out addresses itself and says nothing of email_verified, as Entra ID does.
    `prompt`: what makes it ask for another account; Google's is select_account.
    """

    id: str = Field(max_length=40)
    name: str = Field(min_length=1, max_length=60)
    issuer: str = Field(max_length=500)
    client_id: str = Field(min_length=1, max_length=500)
    client_secret: SecretStr = SecretStr("")
    sites: tuple[str, ...] = Field(min_length=1)
    confirms_email: bool = False
    prompt: Literal["login", "select_account"] = "login"

    @field_validator("id")
    @classmethod
    def _is_a_name(cls, id: str) -> str:
        if not re.fullmatch(r"[a-z0-9](-?[a-z0-9])*", id):
            raise ValueError(f"the id “{id}” is to be of small letters, digits and hyphens, such as lake-district")
        return id

    @field_validator("issuer")
    @classmethod
    def _is_safe(cls, issuer: str) -> str:
        """Plain http only on this machine."""
        if not re.fullmatch(r"(https://[!-~]+|http://(127\.0\.0\.1|localhost)(:\d+)?(/[!-~]*)?)", issuer):
            raise ValueError("an issuer begins with https://, exactly as the provider's own discovery document has it")
        return issuer

    def speaks_for(self, site_id: str) -> bool:
        """'' stands for people of no site."""
        if site_id in self.sites or "*" in self.sites:
            return True
        return any(site_id and known.endswith("*") and site_id.startswith(known[:-1]) for known in self.sites)


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="JITT_", env_file=None, extra="ignore")

    mode: Literal["development", "production"] = "development"
    home: Path = Path(".jitt")
    kafka: str = ""
    postgres: str = ""
    instance: str = ""  # this process's name among those of its service, the same after a restart (a StatefulSet's pod)
    noisy_per_hour: int = 1_000  # unreadable records of one publisher, before it is paused
    publisher_requests_per_second: float = Field(100, gt=0)  # over HTTPS, of one publisher, in each web process
    publisher_events_per_second: float = Field(5_000, gt=0)
    publisher_kafka_bytes_per_second: float = Field(1_048_576, gt=0)  # over Kafka, of one login, at each broker
    publisher_kafka_request_percent: float = Field(25, gt=0)  # of one of the broker's threads
    kafka_protocol: Literal["PLAINTEXT", "SSL", "SASL_SSL", "SASL_PLAINTEXT"] = "PLAINTEXT"  # how we reach it ourselves
    kafka_user: str = ""  # with SASL: a login of `jitt topics login`, or an administrator's for commands
    kafka_password: SecretStr = SecretStr("")
    kafka_ca: str = ""  # a file with whose certificates count; "": those that this machine trusts
    kafka_publishers: str = Field("", pattern=r"^((SASL_SSL|SASL_PLAINTEXT)://\S+:\d+)?$")  # where they sign in
    feed_private_addresses: bool = False  # calendars inside our own network may be asked for too
    kafka_session_seconds: float = Field(10, ge=6, le=300)  # without a sign of life: others take its partitions
    mail_host: str = ""  # an SMTP server; in development and without one, mails are files in `home`/mail
    mail_port: int = Field(587, gt=0, lt=65_536)
    mail_tls: Literal["starttls", "tls", "none"] = "starttls"
    mail_user: str = ""
    mail_password: SecretStr = SecretStr("")
    mail_from: str = Field("notices@jitt.invalid", pattern=r"^[^@\s<>]+@[^@\s<>]+$")  # an address of a domain that lets it send
    mail_per_second: float = Field(5, gt=0)  # to one domain, in each worker process
    mail_unsure_seconds: int = Field(600, ge=1)  # before a mail that a server may have already is sent again
    text_url: str = Field("", pattern=r"^((https://|http://(127\.0\.0\.1|localhost)(:\d+)?/)\S+)?$")  # takes text messages
    notice_keys: tuple[SecretStr, ...] = (SecretStr(DEVELOPMENT_KEY),)  # sign what goes there, and what is reported from there
    id_key: SecretStr = SecretStr(DEVELOPMENT_KEY)
    link_keys: tuple[SecretStr, ...] = (SecretStr(DEVELOPMENT_KEY),)
    session_keys: tuple[SecretStr, ...] = (SecretStr(DEVELOPMENT_KEY),)
    internal_keys: tuple[SecretStr, ...] = (SecretStr(DEVELOPMENT_KEY),)
    answer_keys: dict[str, SecretStr] = {"dev": SecretStr(DEVELOPMENT_KEY)}
    webhook_keys: dict[str, SecretStr] = {"dev": SecretStr(DEVELOPMENT_KEY)}  # seal what webhooks are signed with
    webhook_private_addresses: bool = False  # receivers inside our own network may be told too
    db_key: SecretStr = SecretStr(DEVELOPMENT_KEY)
    sign_in: tuple[Issuer, ...] = ()
    signed_in_idle_minutes: float = Field(60, gt=0)  # without a page opened: signed out
    signed_in_hours: float = Field(12, gt=0)  # at the most
    trigger_url: str = "http://127.0.0.1:8101"
    content_url: str = "http://127.0.0.1:8102"
    assessment_url: str = "http://127.0.0.1:8103"
    supervision_url: str = "http://127.0.0.1:8104"

    @model_validator(mode="after")
    def _issuers_differ(self) -> Self:
        for what in ("id", "issuer"):
            if len({getattr(one, what) for one in self.sign_in}) < len(self.sign_in):
                raise ValueError(f"two issuers in JITT_SIGN_IN have the same {what}")
        return self

    @model_validator(mode="after")
    def _signs_in_at_kafka_whole(self) -> Self:
        wants = self.kafka_protocol.startswith("SASL_")
        if wants != bool(self.kafka_user) or wants != bool(self.kafka_password.get_secret_value()):
            raise ValueError(
                "JITT_KAFKA_USER and JITT_KAFKA_PASSWORD go with SASL_SSL or SASL_PLAINTEXT as JITT_KAFKA_PROTOCOL: "
                "set all three, or none"
            )
        return self

    @model_validator(mode="after")
    def _kafka_ca_can_be_used(self) -> Self:
        """Looked into at once: clients say no more than that there is no connection."""
        if self.kafka_ca and not self.kafka_protocol.endswith("SSL"):
            raise ValueError(
                "JITT_KAFKA_CA is for TLS, which JITT_KAFKA_PROTOCOL does not ask for: set that to SASL_SSL or SSL, "
                "or leave JITT_KAFKA_CA out"
            )
        if self.kafka_ca:
            try:
                create_default_context(cafile=self.kafka_ca)
            except OSError as error:
                why = "no certificate in PEM form is in it" if isinstance(error, SSLError) else error.strerror
                raise ValueError(
                    f"JITT_KAFKA_CA names {Path(self.kafka_ca).absolute()}, which cannot be read ({why}): name a file with the "
                    "certificates that sign your brokers', or leave it out for those that this machine trusts"
                ) from error
        return self

    @model_validator(mode="after")
    def _notices_can_leave(self) -> Self:
        if self.mode == "production" and self.mail_host and self.mail_from.endswith(".invalid"):
            raise ValueError("JITT_MAIL_HOST needs JITT_MAIL_FROM too: an address that this server may send for")
        if self.mode == "production" and self.text_url and self.notice_keys[0].get_secret_value() == DEVELOPMENT_KEY:
            raise ValueError("JITT_TEXT_URL needs JITT_NOTICE_KEYS too: a secret that signs what is sent there")
        return self

    @model_validator(mode="after")
    def _no_development_key_in_production(self) -> Self:
        if self.mode == "production":
            keys = {
                "JITT_ID_KEY": self.id_key,
                "JITT_DB_KEY": self.db_key,
                "JITT_LINK_KEYS": self.link_keys[0],
                "JITT_SESSION_KEYS": self.session_keys[0],
                "JITT_INTERNAL_KEYS": self.internal_keys[0],
                "JITT_ANSWER_KEYS": next(iter(self.answer_keys.values())),
            }
            missing = [name for name, key in keys.items() if key.get_secret_value() == DEVELOPMENT_KEY]
            if missing:
                raise ValueError(f"production needs its own secrets: set {', '.join(missing)}")
        return self


@lru_cache(maxsize=1)
def settings() -> Settings:
    return Settings()

"""Settings from the environment (JITT_...), read once. Secrets have working defaults in development only."""

from functools import lru_cache
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

DEVELOPMENT_KEY = "development-only-key"


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
    kafka_publishers: str = Field("", pattern=r"^((SASL_SSL|SASL_PLAINTEXT)://\S+:\d+)?$")  # where they sign in
    feed_private_addresses: bool = False  # calendars inside our own network may be asked for too
    kafka_session_seconds: float = Field(10, ge=6, le=300)  # without a sign of life: others take its partitions
    id_key: SecretStr = SecretStr(DEVELOPMENT_KEY)
    link_keys: tuple[SecretStr, ...] = (SecretStr(DEVELOPMENT_KEY),)
    session_keys: tuple[SecretStr, ...] = (SecretStr(DEVELOPMENT_KEY),)
    internal_keys: tuple[SecretStr, ...] = (SecretStr(DEVELOPMENT_KEY),)
    answer_keys: dict[str, SecretStr] = {"dev": SecretStr(DEVELOPMENT_KEY)}
    db_key: SecretStr = SecretStr(DEVELOPMENT_KEY)
    trigger_url: str = "http://127.0.0.1:8101"
    content_url: str = "http://127.0.0.1:8102"
    assessment_url: str = "http://127.0.0.1:8103"
    supervision_url: str = "http://127.0.0.1:8104"

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

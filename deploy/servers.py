"""Which servers this process means: those named in the environment, or those of the network that runs here."""

import os
from collections.abc import Mapping
from pathlib import Path

from deploy.local.home import read_run
from shared.settings import settings


def url_of(name: str) -> str:
    """A service's own address: JITT_<NAME>_URL, or 127.0.0.1 with its port of the topology."""
    if own := os.environ.get(f"JITT_{name.upper()}_URL") or getattr(settings(), f"{name}_url", None):
        return str(own)
    from deploy import topology

    return next(f"http://127.0.0.1:{one.port}" for one in topology.SERVICES if one.name == name)


def use(kafka: str, postgres: str, urls: Mapping[str, str] | None = None) -> None:
    """From here on this process and its children mean these servers."""
    os.environ["JITT_HOME"] = str(settings().home.absolute())  # services run in a directory of their own
    if settings().kafka_ca:
        os.environ["JITT_KAFKA_CA"] = str(Path(settings().kafka_ca).absolute())
    os.environ["JITT_KAFKA"], os.environ["JITT_POSTGRES"] = kafka, postgres
    for name, url in (urls or {}).items():
        os.environ[f"JITT_{name.upper()}_URL"] = url
    settings.cache_clear()


def find(home: Path) -> bool:
    """Uses the network that runs in `home`, unless the environment names servers already. False when there is none."""
    if settings().kafka and settings().postgres:
        return True
    run = read_run(home)
    if run is None:
        return False
    file = home / "urls"
    pairs = [line.split() for line in file.read_text().splitlines()] if file.exists() else []
    use(run.kafka, run.postgres, dict(pairs))
    return True

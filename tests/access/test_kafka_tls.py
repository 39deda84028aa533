"""A real Kafka that is reached in TLS, with a certificate of our own making: a service and commands go through it, and whoever
has the wrong certificate, name, password or protocol is told which.
"""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx2
import pytest

from deploy.local import external, kafka
from deploy.local.errors import StackError
from deploy.local.ports import free_port
from deploy.local.stack import Stack
from services.content import publishing
from services.content.app import SERVICE as CONTENT
from shared import bus, kafka_client
from shared.contracts.topics import TOPICS
from shared.running import Running
from shared.settings import settings
from tests.architecture.test_kafka_rights import jitt
from tests.conftest import Database, home_in
from tests.content.building import a_module
from tests.messaging.test_bus import until
from tests.messaging.test_health import asked, consumes, started
from tests.provider import certificate

# In place of the listener where a password is enough: there, what goes over the line is sealed as well.
TLS = """\
listener.security.protocol.map=BROKER:PLAINTEXT,PUBLISHERS:SASL_SSL,CONTROLLER:PLAINTEXT
listener.name.publishers.ssl.keystore.type=PEM
listener.name.publishers.ssl.keystore.location={keystore}
"""
START = 120
RUN = (sys.executable, "-m", "deploy.cli", "run", "content")
NO_POSTGRES = "postgresql://nobody@127.0.0.1:1/jitt"
PLAIN = {"JITT_KAFKA_PROTOCOL": "PLAINTEXT", "JITT_KAFKA_USER": "", "JITT_KAFKA_PASSWORD": "", "JITT_KAFKA_CA": ""}


@dataclass(frozen=True, slots=True)
class Sealed:
    """`plain` is the broker's other listener, for tests only. `login`: content's settings, as `jitt topics login` says them."""

    plain: str
    ca: Path
    another_ca: Path
    login: Mapping[str, str]

    @property
    def port(self) -> str:
        return self.login["JITT_KAFKA"].rpartition(":")[2]


@pytest.fixture(scope="module")
def sealed() -> Iterator[Sealed]:
    with TemporaryDirectory(prefix="jitt-tls-", ignore_cleanup_errors=True) as folder, pytest.MonkeyPatch.context() as patch:
        home = home_in(folder)
        ours, another = (certificate(made(home / name)) for name in ("ours", "another"))
        keystore = home / "keystore.pem"
        keystore.write_bytes(ours.key.read_bytes() + ours.file.read_bytes())
        patch.setattr(kafka, "SETTINGS", kafka.SETTINGS + TLS.format(keystore=keystore))
        server = kafka.Kafka.start(home, report=lambda words: None)
        try:
            asyncio.run(bus.apply_topics(server.bootstrap, TOPICS))
            with meant(JITT_KAFKA=server.bootstrap, JITT_POSTGRES=NO_POSTGRES):
                lines = [line.partition("=") for line in jitt("login", "content").stdout.splitlines()]
            given = {name: value for name, _, value in lines}
            yield Sealed(server.bootstrap, ours.file, another.file, given | {"JITT_KAFKA_CA": str(ours.file)})
        finally:
            server.kill()


def made(folder: Path) -> Path:
    folder.mkdir()
    return folder


@contextmanager
def meant(**values: str) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in values.items():
            patch.setenv(name, value)
        settings.cache_clear()
        yield
    settings.cache_clear()


@asynccontextmanager
async def worker(running: Running, stack: Stack, kafkas: Mapping[str, str]) -> AsyncIterator[int]:
    """`jitt run content` as a process of its own; the port where it says how it is."""
    port = free_port()
    async with AsyncExitStack() as until_the_end:
        with meant(JITT_POSTGRES=stack.postgres, **kafkas):
            there = Stack(kafkas["JITT_KAFKA"], stack.postgres)
            words = ("deploy.cli", "run", "content", "--role", "worker", "--port", port)
            await until_the_end.enter_async_context(started(running, there, *words))
        yield port


async def test_a_service_reads_and_publishes_over_tls(database: Database, stack: Stack, sealed: Sealed) -> None:
    assert sealed.login["JITT_KAFKA_PROTOCOL"] == "SASL_SSL"
    running = await database(CONTENT)
    await publishing.publish(running, [a_module()], "run 1")
    async with bus.tail(sealed.plain, ["content.catalog"]) as records, worker(running, stack, sealed.login) as port:
        await until(lambda: consumes(port), START)
        async with asyncio.timeout(START):
            record = await anext(aiter(records))
    assert b'"reflective_listening"' in record.value


async def test_a_worker_that_does_not_trust_kafka_says_so_and_why(database: Database, stack: Stack, sealed: Sealed) -> None:
    async with worker(await database(CONTENT), stack, sealed.login | {"JITT_KAFKA_CA": str(sealed.another_ca)}) as port:

        async def told() -> bool:
            with suppress(httpx2.HTTPError):
                why = (await asked(port, "/health/ready")).json()["why"]
                return f"JITT_KAFKA_CA={sealed.another_ca} does not vouch for" in why
            return False

        await until(told, START)


WRONG: Mapping[str, tuple[Callable[[Sealed], Mapping[str, str]], str]] = {
    "signed by somebody else": (
        lambda sealed: {"JITT_KAFKA_CA": str(sealed.another_ca)}, "JITT_KAFKA_CA=.*/another/certificate.pem does not vouch for",
    ),
    "signed by nobody whom this machine knows": (lambda _: {"JITT_KAFKA_CA": ""}, "this machine does not vouch for"),
    "another name": (
        lambda sealed: {"JITT_KAFKA": f"localhost:{sealed.port}"},
        "The certificate of Kafka at localhost:[0-9]+ is for another name .*'localhost'.*Name Kafka in JITT_KAFKA as",
    ),
    "plain text to TLS": (
        lambda _: {"JITT_KAFKA_PROTOCOL": "SASL_PLAINTEXT", "JITT_KAFKA_CA": ""}, "answers in TLS only. Set JITT_KAFKA_PROTOCOL",
    ),
    "plain text to TLS, and no login": (lambda _: PLAIN, "answers in TLS only. Set JITT_KAFKA_PROTOCOL"),
    "TLS to plain text": (lambda sealed: {"JITT_KAFKA": sealed.plain}, "does not answer in TLS, .*JITT_KAFKA_PROTOCOL=SASL_SSL"),
    "a wrong password": (
        lambda _: {"JITT_KAFKA_PASSWORD": "another"}, "does not let service.content.1 in. .*set JITT_KAFKA_USER",
    ),
    "no login": (
        lambda sealed: {**PLAIN, "JITT_KAFKA_PROTOCOL": "SSL", "JITT_KAFKA_CA": str(sealed.ca)},
        "It may want a sign-in: set JITT_KAFKA_PROTOCOL",
    ),
    "nobody there": (lambda _: {"JITT_KAFKA": "127.0.0.1:1"}, "No Kafka answers at 127.0.0.1:1, .*Connection refused"),
}  # fmt: skip


@pytest.mark.parametrize("wrong", WRONG)
async def test_what_is_wrong_on_the_way_to_kafka_is_said_with_what_to_do(sealed: Sealed, wrong: str) -> None:
    changes, said = WRONG[wrong]
    with meant(**sealed.login | changes(sealed)), pytest.raises(bus.Error, match=said):
        await bus.list_topics(settings().kafka)


async def test_one_broker_that_can_be_talked_to_is_enough(sealed: Sealed) -> None:
    with meant(**sealed.login | {"JITT_KAFKA": f"127.0.0.1:1,{sealed.login['JITT_KAFKA']}"}):
        assert kafka_client.obstacle(settings().kafka) == ""
        assert "content.catalog" in await bus.list_topics(settings().kafka)


def test_a_command_and_the_start_of_a_network_say_it_too(sealed: Sealed) -> None:
    with meant(**sealed.login | {"JITT_KAFKA_CA": str(sealed.another_ca), "JITT_POSTGRES": NO_POSTGRES}):
        told = jitt("login", "content")
        assert (told.exit_code, told.stdout) == (1, "")
        assert "does not vouch for" in told.stderr
        assert "Nothing was changed" in told.stderr
        with pytest.raises(StackError, match="does not vouch for"):
            external.external_kafka(settings().kafka)


def test_a_file_that_is_missing_ends_a_command_at_once_with_the_name_of_the_setting(sealed: Sealed) -> None:
    with meant(**sealed.login | {"JITT_KAFKA_CA": "gone.pem", "JITT_POSTGRES": NO_POSTGRES}):
        told = subprocess.run(RUN, check=False, capture_output=True, text=True, timeout=START)
    assert (told.returncode, told.stderr.count("\n")) == (1, 1)
    assert f"JITT_KAFKA_CA names {Path('gone.pem').absolute()}, which cannot be read (No such file or directory)" in told.stderr

import gc
import warnings
from dataclasses import replace
from pathlib import Path

import pytest

from deploy.local import jars
from deploy.local.errors import StackError
from deploy.local.jars import Jar

SMALL = next(jar for jar in jars.pinned() if jar.artifact == "jspecify")
NO_PROXY_THERE = "http://127.0.0.1:1"


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Maven repository with one real jar in it, fetched from the real place."""
    repository = tmp_path_factory.mktemp("repository")
    said: list[str] = []
    jars.classpath(said.append, [SMALL], repository)
    assert said == ["Kafka: getting 1 of 1 files, once for this machine", "Kafka: 1 of 1 files"]
    return repository


def test_every_jar_is_pinned_once_by_a_sha256() -> None:
    pinned = jars.pinned()
    assert len({(jar.group, jar.artifact) for jar in pinned}) == len(pinned)
    assert all(len(bytes.fromhex(jar.sha256)) == 32 for jar in pinned)


def test_kafka_and_what_makes_it_log_are_pinned() -> None:
    names = {jar.artifact: jar.version for jar in jars.pinned()}
    assert names["kafka_2.13"] == "4.3.1"
    assert names["log4j-slf4j-impl"] == names["log4j-core"]


def test_cached_jars_are_used_without_a_word(repository: Path) -> None:
    said: list[str] = []
    assert jars.classpath(said.append, [SMALL], repository) == str(SMALL.path(repository))
    assert said == []


def test_a_jar_with_another_sha256_is_refused_by_name(repository: Path) -> None:
    with pytest.raises(StackError, match=r"jspecify-1\.0\.0\.jar is not the file .* Delete it and try again"):
        jars.classpath(print, [replace(SMALL, sha256="0" * 64)], repository)


def test_a_fetched_jar_with_another_sha256_never_gets_into_the_cache(tmp_path: Path) -> None:
    wrong = replace(SMALL, sha256="0" * 64)
    with pytest.raises(StackError, match="is not the file"):
        jars.classpath(lambda words: None, [wrong], tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_jar_that_does_not_exist_is_named(tmp_path: Path) -> None:
    nowhere = Jar("org.jspecify", "jspecify", "0.0.0-none", "0" * 64)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # jgo leaves the connection of a refused download open
        with pytest.raises(StackError, match=r"jspecify-0\.0\.0-none\.jar, which Kafka needs, could not be fetched"):
            jars.classpath(lambda words: None, [nowhere], tmp_path)
        gc.collect()


def test_without_a_network_the_error_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, NO_PROXY_THERE)
    with pytest.raises(StackError, match="Check the connection"):
        jars.classpath(lambda words: None, [SMALL], tmp_path)

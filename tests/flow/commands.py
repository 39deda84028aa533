"""The command `jitt`: in this process, which is quick, or typed into a shell as people do."""

import os
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from typer.testing import CliRunner

from deploy import cli
from tests.flow.running import aside, eventually

JITT = Path(sys.executable).with_name("jitt")
NAMED = ("JITT_KAFKA", "JITT_POSTGRES", "JITT_TRIGGER_URL", "JITT_CONTENT_URL", "JITT_ASSESSMENT_URL", "JITT_SUPERVISION_URL")


@dataclass(frozen=True, slots=True)
class Said:
    code: int
    out: str
    err: str


def tried(*words: str) -> Said:
    """What a command answers, whether it succeeds or not."""
    result = aside(CliRunner().invoke, _whole(), list(words))
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Said(result.exit_code, result.stdout, result.stderr)


def jitt(*words: str) -> str:
    said = tried(*words)
    assert said.code == 0, f"jitt {' '.join(words)}: {said.err or said.out}"
    return said.out


def soon(*words: str) -> str:
    """For what another service has to hear of first."""
    return eventually(lambda: (said if (said := tried(*words)).code == 0 else None), f"jitt {' '.join(words)}").out


def typed(*words: str) -> Said:
    """In a second terminal: only the home says where the network is."""
    clean = {name: value for name, value in os.environ.items() if name not in NAMED}
    done = subprocess.run([JITT, *words], env=clean, capture_output=True, text=True, timeout=60, check=False)
    return Said(done.returncode, done.stdout, done.stderr)


@cache
def _whole() -> object:
    cli.add_commands()
    return cli.app

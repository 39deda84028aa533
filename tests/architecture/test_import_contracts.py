"""The import contracts of pyproject.toml, tried on a small twin of the project: each forbidden import breaks its own contract."""

import subprocess
import sys
from pathlib import Path

import pytest

from deploy.topology import NAMES, ROOT

TWIN = {
    "services/__init__.py": "", "deploy/__init__.py": "", "deploy/generate/__init__.py": "",
    "deploy/generate/asyncapi.py": "import faststream\n",
    "shared/__init__.py": "", "shared/bus.py": "import aiokafka, faststream\n",
    "shared/process.py": "from shared import bus\n", "shared/contracts.py": "",
    "shared/messaging/__init__.py": "", "shared/messaging/relay.py": "from shared import bus\n",
} | {
    f"services/{name}/{file}.py": "from shared import contracts\n"
    for name in NAMES
    for file in ("__init__", "app", "domain", "rules", "select", "moments", "needs", "store")
}


@pytest.fixture
def twin(tmp_path):
    for name, text in TWIN.items():
        write(tmp_path / name, text)
    write(tmp_path / "pyproject.toml", (ROOT / "pyproject.toml").read_text())
    return tmp_path


def write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def broken(folder: Path) -> list[str]:
    """Names of the contracts that do not hold."""
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as run; run()", "--no-cache"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, env={"PYTHONPATH": str(folder)}, check=False)
    assert "Contracts:" in done.stdout, done.stdout + done.stderr
    return [line.partition(" BROKEN")[0] for line in done.stdout.splitlines() if " BROKEN" in line]


def test_a_project_that_keeps_the_rules_breaks_no_contract(twin):
    assert broken(twin) == []


@pytest.mark.parametrize(("file", "line", "contract"), [
    ("services/trigger/store.py", "import services.content.store", "services are independent"),
    ("services/newcomer/app.py", "import services.content.store", "services are independent"),
    ("shared/contracts.py", "import services.trigger.app", "shared knows no service"),
    ("shared/messaging/relay.py", "import deploy", "shared knows no service"),
    ("services/content/app.py", "import deploy", "no service knows how it is deployed"),
    ("services/trigger/moments.py", "import asyncpg", "decisions are pure"),
    ("services/trigger/needs.py", "import httpx2", "decisions are pure"),
    ("services/content/select.py", "import fastapi", "decisions are pure"),
    ("services/supervision/rules.py", "import shared.messaging", "decisions are pure"),
    ("services/assessment/domain.py", "import shared.messaging.relay", "decisions are pure"),
    ("services/trigger/store.py", "import aiokafka", "only shared.bus knows FastStream and aiokafka"),
    ("shared/messaging/relay.py", "import faststream", "only shared.bus knows FastStream and aiokafka"),
    ("deploy/__init__.py", "import aiokafka", "only shared.bus knows FastStream and aiokafka"),
    ("services/trigger/store.py", "import kafka", "only shared.kafka_logins knows kafka-python"),
])
def test_each_forbidden_import_breaks_its_contract(twin, file, line, contract):
    write(twin / Path(file).parent / "__init__.py", "")
    write(twin / file, f"{line}\n")
    assert contract in broken(twin)


def test_a_decision_may_not_reach_the_database_by_way_of_another_module(twin):
    write(twin / "services/trigger/domain.py", "from services.trigger import store\n")
    write(twin / "services/trigger/store.py", "import asyncpg\n")
    assert broken(twin) == ["decisions are pure"]

"""Each service against its own description: schemathesis makes requests of it, right ones and wrong ones, with real credentials.

An answer must be one that the description knows, in the shape that it says, and never a server error.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import hypothesis
import schemathesis
from hypothesis import HealthCheck, Phase, given
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance, status_code_conformance

from deploy import topology
from deploy.generate.openapi import document
from shared.process import application_of
from tests.access.matrix import Matrix
from tests.browser.conftest import on_a_port

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
MODES = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
ASKS: Mapping[str, str] = {
    "trigger": "publisher of north", "content": "nobody", "assessment": "supervision, for one training",
    "supervision": "system of north",
}  # fmt: skip
ENDLESS = ("/v1/alerts/stream",)  # a stream has no end to wait for
SECONDS = 10


@dataclass(frozen=True, slots=True)
class Asking:
    address: str
    headers: Mapping[str, str]
    examples: int


@dataclass
class Tried:
    """`operations`: how many requests each got."""

    operations: dict[str, int] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)


async def tried(matrix: Matrix, examples: int, services: Sequence[str] = topology.NAMES) -> Tried:
    """`examples` for each operation and kind of request."""
    found = Tried()
    for service in services:
        caller = next(one for one in matrix.callers if one.name == ASKS[service])
        async with on_a_port(application_of(matrix.town.running[service])) as address:
            headers = {"authorization": f"Bearer {caller.bearer}"} if caller.bearer else {}
            await asyncio.to_thread(_try, found, service, Asking(address, headers, examples))
    return found


def _try(found: Tried, service: str, asking: Asking) -> None:
    schema = schemathesis.openapi.from_dict(document(topology.service(service)))
    for result in schema.get_all_operations():
        operation = result.ok()
        if operation.path not in ENDLESS:
            for mode in MODES:
                _try_one(found, f"{service} {operation.label}", operation.as_strategy(mode), asking)


def _try_one(found: Tried, name: str, cases: Any, asking: Asking) -> None:
    @hypothesis.settings(max_examples=asking.examples, deadline=None, database=None, derandomize=True, phases=[Phase.generate],
                         suppress_health_check=list(HealthCheck))  # fmt: skip
    @given(case=cases)
    def answers_as_described(case: Any) -> None:
        found.operations[name] = found.operations.get(name, 0) + 1
        response = case.call(base_url=asking.address, headers=dict(asking.headers), timeout=SECONDS)
        case.validate_response(response, checks=CHECKS)

    try:
        answers_as_described()
    except hypothesis.errors.Unsatisfiable:
        pass  # there is no wrong request where nothing can be said
    except (Failure, FailureGroup) as failure:
        found.faults.append(f"{name}: {_words(failure)}")


def _words(failure: Any) -> str:
    each = getattr(failure, "exceptions", None) or [failure]
    return "; ".join(f"{type(one).__name__} {one}" for one in each)[:1_500]

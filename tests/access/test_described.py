"""Every API keeps to its own description, whatever is sent; `python -m tests.access --examples 300` tries it at length."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from deploy import topology
from tests.access.described import ASKS, tried

EXAMPLES = 4


async def test_every_api_answers_as_its_description_says(matrix):
    found = await tried(matrix, EXAMPLES)
    assert found.faults == [], "\n\n".join(found.faults)
    assert {name.split()[0] for name in found.operations} == set(ASKS) == set(topology.NAMES)
    assert sum(found.operations.values()) > 10 * EXAMPLES


async def test_an_answer_that_is_not_described_is_noticed(matrix, monkeypatch):
    service = topology.service("content")
    twin = APIRouter()
    twin.add_api_route("/v1/modules", lambda: JSONResponse({"modules": 1}), response_model=list[str])
    twin.add_api_route("/v1/broken", lambda: 1 / 0)
    monkeypatch.setattr(type(service), "routes", lambda *_: twin)
    found = await tried(matrix, 2, ["content"])
    assert len(found.faults) == 2

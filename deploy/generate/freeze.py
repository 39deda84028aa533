"""Frozen schemas: one file per published event type. Writing one over a change that would break a reader is refused."""

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic.json_schema import GenerateJsonSchema

from deploy.generate import contracts
from deploy.generate.compatible import Schema, breaks
from shared.contracts.event import Event


class _Closed(GenerateJsonSchema):
    """As if every part forbade unknown fields: readers ignore them, so only a closed schema can see that one was lost."""

    def model_schema(self, schema: Any) -> dict[str, Any]:
        return super().model_schema(schema) | {"additionalProperties": False}


@dataclass(frozen=True, slots=True)
class Frozen:
    """One event type: what its class says now, and what was frozen (None: nothing yet)."""

    type: str
    now: Schema
    before: Schema | None

    def broken(self) -> Iterator[str]:
        """What may not be written."""
        for words in breaks(self.before, self.now) if self.before is not None else ():
            yield f"{self.type}: {words}. A published event does not change: make a new class and .v2 " \
                  f"({_next(self.type)}), and publish both until nobody reads the old one."

    def old(self) -> Iterator[str]:
        """What `make freeze` mends."""
        if self.before is None:
            yield f"{self.type}: not frozen yet. Run `make freeze` and commit what it writes."
        elif text_of(self.before) != text_of(self.now):
            yield f"{self.type}: its frozen schema is old. Run `make freeze` and commit what it writes."


def schema_of(event: type[Event]) -> Schema:
    made = event.model_json_schema(schema_generator=_Closed)
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": f"urn:jitt:{event.TYPE}", "x-topic": event.TOPIC}
    return head | made


def text_of(schema: Schema) -> str:
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def compared(events: Mapping[str, type[Event]], folder: Path) -> list[Frozen]:
    return [Frozen(name, schema_of(event), _read(folder / f"{name}.json")) for name, event in events.items()]


def lost(events: Iterable[str], folder: Path) -> Iterator[str]:
    """Frozen types whose class is no longer there."""
    for name in sorted({file.stem for file in folder.glob("*.json")} - set(events)):
        yield f"{name}: its class is gone. Put it back until nobody reads it; then delete its schema and its examples too."


def example_faults(events: Mapping[str, type[Event]]) -> Iterator[str]:
    """Examples never change: what once could be read can be read for ever."""
    for name, event in events.items():
        found = contracts.examples(event)
        if not found:
            yield f"{name}: it has no example. Write one, invented, to shared/contracts/examples/{name}/<what it shows>.json."
        for file in found:
            yield from _unreadable(file, event)


def _unreadable(file: Path, event: type[Event]) -> Iterator[str]:
    try:
        event.model_validate_json(file.read_bytes())
    except ValidationError as error:
        for fault in error.errors(include_url=False):
            where = ".".join(map(str, fault["loc"]))
            yield f"{event.TYPE}: the example {file.name} cannot be read any more: `{where}`: {fault['msg']}. " \
                  f"Make a new class and .v2 ({_next(event.TYPE)}), or correct an example that is new."


def _read(file: Path) -> Schema | None:
    return json.loads(file.read_bytes()) if file.exists() else None


def _next(type_: str) -> str:
    name, _, version = type_.rpartition(".v")
    return f"{name}.v{int(version) + 1}"


def main(arguments: list[str]) -> int:
    events, only_check = contracts.published(), "--check" in arguments
    types = compared(events, contracts.SCHEMAS)
    faults = [*(words for one in types for words in one.broken()), *lost(events, contracts.SCHEMAS), *example_faults(events)]
    if only_check:
        faults += [words for one in types for words in one.old() if not any(one.broken())]
    elif not faults:
        write(types, contracts.SCHEMAS)
    if faults:
        print("\n".join(faults), file=sys.stderr)
        return 1
    print(f"{len(events)} event types are frozen, and none has changed in a way that breaks a reader.")
    return 0


def write(types: Iterable[Frozen], folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    for one in types:
        (folder / f"{one.type}.json").write_text(text_of(one.now))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

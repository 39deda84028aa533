"""May a published event's schema change like this? Only a new field with a default keeps the version; all else is named here."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

Schema = dict[str, Any]
WORDS = frozenset({"title", "description", "examples", "$schema", "$id", "$defs"})  # for people; free to change
INSIDE = ("items", "additionalProperties")


def breaks(old: Schema, new: Schema) -> list[str]:
    """Each field that changed in a way that some reader, or some old record, cannot follow; empty when none did."""
    return list(_differences(inlined(old), inlined(new), ""))


def inlined(schema: Schema) -> Schema:
    """Without `$ref`: every part stands where it is used."""
    found = _inline(schema, schema.get("$defs", {}), ())
    assert isinstance(found, dict)
    return found


def _inline(node: Any, parts: Mapping[str, Schema], open_parts: tuple[str, ...]) -> Any:
    if isinstance(node, list):
        return [_inline(one, parts, open_parts) for one in node]
    if not isinstance(node, dict):
        return node
    rest = {key: _inline(value, parts, open_parts) for key, value in node.items() if key not in ("$ref", "$defs")}
    name = node.get("$ref", "").rpartition("/")[2]
    if not name or name in open_parts:  # a part that holds itself stays a name
        return rest | ({"part": name} if name else {})
    return _inline(parts[name], parts, (*open_parts, name)) | rest


def _differences(old: Schema, new: Schema, at: str) -> Iterator[str]:
    if "properties" in old and "properties" in new:
        yield from _fields(old, new, at)
        old, new = _without(old, "properties", "required"), _without(new, "properties", "required")
    for key in INSIDE:
        if isinstance(old.get(key), dict) and isinstance(new.get(key), dict):
            yield from _differences(old[key], new[key], f"{at}[]")
            old, new = _without(old, key), _without(new, key)
    if len(old.get("anyOf", ())) == len(new.get("anyOf", ())) > 0:
        for was, now in zip(old["anyOf"], new["anyOf"], strict=True):
            yield from _differences(was, now, at)
        old, new = _without(old, "anyOf"), _without(new, "anyOf")
    yield from _values(old, new, at)


def _fields(old: Schema, new: Schema, at: str) -> Iterator[str]:
    before, after = old["properties"], new["properties"]
    had, has = set(old.get("required", ())), set(new.get("required", ()))
    for name in before.keys() - after.keys():
        yield f"`{_path(at, name)}` is gone"
    for name in sorted((after.keys() - before.keys()) & has):
        yield f"`{_path(at, name)}` is new and has no default (give it one, and it may stay)"
    for name in [name for name in before if name in after]:
        if (name in had) is not (name in has):
            words = "was required and has a default now" if name in had else "had a default and is required now"
            yield f"`{_path(at, name)}` {words}"
            yield from _differences(_without(before[name], "default"), _without(after[name], "default"), _path(at, name))
        else:
            yield from _differences(before[name], after[name], _path(at, name))


def _values(old: Schema, new: Schema, at: str) -> Iterator[str]:
    for key in sorted((old.keys() | new.keys()) - WORDS):
        if old.get(key) != new.get(key) or (key in old) is not (key in new):
            yield f"`{at or 'the event itself'}`: {key} was {_said(old, key)} and is {_said(new, key)}"


def _said(schema: Schema, key: str) -> str:
    return json.dumps(schema[key], ensure_ascii=False) if key in schema else "not set"


def _path(at: str, name: str) -> str:
    return f"{at}.{name}" if at else name


def _without(schema: Schema, *keys: str) -> Schema:
    return {key: value for key, value in schema.items() if key not in keys}

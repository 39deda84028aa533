"""A module's questions as GIFT that Moodle reads. What GIFT has no place for stands in tags and comments beside them."""

import re
from collections.abc import Iterator

from shared.contracts.content import Item, Module, Option

CONTROL = re.compile(r"[\\~=#{}:]")


def write(module: Module) -> str:
    head = f"// {_line(module.title)} ({_line(module.locale)})\n$CATEGORY: {_line(module.module_id)}"
    return "\n\n".join([head, *("\n".join(_question(module, item)) for item in module.items)]) + "\n"


def _question(module: Module, item: Item) -> Iterator[str]:
    tags = [f"skill:{item.skill}"] + ["safety"] * item.safety + ["order"] * (item.kind == "order")
    tags += [f"{option.id}:{option.mistake}" for option in item.options if option.mistake]
    yield f"// [id:{module.module_id}/{item.id}] " + " ".join(f"[tag:{tag}]" for tag in tags)
    if item.cue and item.kind != "open":
        yield f"// Look for: {_line(item.cue)}"
    if item.prompt:
        yield f"// Ask: {_line(item.prompt)}"
    if item.kind == "order":
        yield from (f"// Why {option.id}: {_line(option.why)}" for option in item.options if option.why)
    text = "\n\n".join(part for part in (item.stem, f"**{item.question}**") if part)
    yield f"::{escaped(item.topic)}::[markdown]{escaped(text)}{{"
    yield from _answers(item)
    yield "}"


def _answers(item: Item) -> Iterator[str]:
    rights = sum(option.right for option in item.options)
    share = f"{100 / rights:.5f}".rstrip("0").rstrip(".") if rights else ""
    match item.kind:
        case "single":
            yield from (f"\t{'=' if option.right else '~'}{_option(option)}" for option in item.options)
        case "multi":
            yield from (f"\t~%{'' if option.right else '-'}{share or 0}%{_option(option)}" for option in item.options)
        case "order":
            yield from (f"\t={number} -> {escaped(option.text)}" for number, option in enumerate(item.options, 1))
        case "open":
            yield from [f"\t####[plain]{escaped(item.cue)}"] if item.cue else []


def _option(option: Option) -> str:
    return f"[plain]{escaped(option.text)}" + (f"#[plain]{escaped(option.why)}" if option.why else "")


def escaped(text: str) -> str:
    return CONTROL.sub(r"\\\g<0>", text).replace("\r", "").replace("\n", "\\n")


def _line(text: str) -> str:
    return " ".join(text.split())

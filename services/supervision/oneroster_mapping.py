"""What a site's OneRoster roles, classes and agents mean here: data, in a small TOML file. The default fits most.

A key that is left out keeps its default; one that nobody reads is a fault, so that a slip of the pen is not silent.
"""

import tomllib
from collections.abc import Mapping as Map
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

DEFAULT = """\
# Which OneRoster roles are what. A role that is in no list is left out.
[roles]
mentor = ["aide", "proctor"]
supervisor = ["teacher", "counselor"]
site_lead = ["siteAdministrator", "principal", "administrator"]
young_person = ["student"]

# Where a mentor's supervisor is found, first come first served: "agents" (of the mentor, or the mentor among the supervisor's),
# "classes" (a supervisor in the same class, the primary one first).
# A supervisor's own agent, if it is another supervisor, is the back-up.
[caseload]
by = ["agents", "classes"]

# Where a mentor's matches are found: "classes" (a young person in the same class; begin and end dates are the enrollment's,
# else the term's begin), "agents" (the mentor among the young person's; it starts with the mentor's role).
# A class of several mentors and several young people is a group: one match for each mentor, that names nobody.
[matches]
by = ["classes"]

[set]
reference = "sourcedId"  # what your sessions call a person: sourcedId, username, identifier, email, or userIds:TYPE
manifest = "required"    # "none": there is no manifest.csv, and every file is complete
version = "1.2"          # where there is no manifest

# Which organizations (sourcedIds) make up a site; a site that is not listed takes everybody. Example: eastfield = ["110003"]
[sites]

# Where a file names its columns otherwise: ours = "theirs", or several that together name the row.
# Example: [columns.enrollments] sourcedId = ["classSourcedId", "userSourcedId"]
[columns]
"""
ROLES = ("mentor", "supervisor", "site_lead", "young_person")
WAYS = {"caseload": ("agents", "classes"), "matches": ("classes", "agents")}
CHOICES = {"manifest": ("required", "none"), "version": ("1.1", "1.2")}
REFERENCES = ("sourcedId", "username", "identifier", "email", "userIds:TYPE")
Columns = Map[str, tuple[str, ...]]


class Unfit(Exception):
    """What is wrong with a mapping, and how to mend it."""


@dataclass(frozen=True, slots=True)
class Mapping:
    """`roles`: OneRoster's word -> ours. `columns`: file -> our column -> the file's own."""

    roles: Map[str, str]
    caseload: tuple[str, ...]
    matches: tuple[str, ...]
    reference: str = "sourcedId"
    manifest: str = "required"
    version: str = "1.2"
    sites: Map[str, tuple[str, ...]] = field(default_factory=dict)
    columns: Map[str, Columns] = field(default_factory=dict)


def read(text: str = "") -> Mapping:
    """Raises Unfit."""
    try:
        given = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Unfit(f"The mapping is not TOML: {error}. See the default in `jitt import oneroster --help`.") from None
    whole = tomllib.loads(DEFAULT)
    _known("", given, whole)
    for part in ("roles", "caseload", "matches", "set"):
        _known(f"{part}.", given.get(part, {}), whole[part])
    parts = {name: {**whole[name], **given.get(name, {})} for name in whole}
    return Mapping(
        roles=_roles(parts["roles"]),
        caseload=_ways("caseload", parts["caseload"]["by"]),
        matches=_ways("matches", parts["matches"]["by"]),
        reference=_reference(parts["set"]["reference"]),
        manifest=_choice("manifest", parts["set"]["manifest"]),
        version=_choice("version", parts["set"]["version"]),
        sites={name: _words(f"sites.{name}", orgs) for name, orgs in parts["sites"].items()},
        columns={file: _columns(file, named) for file, named in parts["columns"].items()},
    )


def _known(where: str, given: object, known: Map[str, Any]) -> None:
    if not isinstance(given, dict):
        raise Unfit(f"“{where.rstrip('.')}” is a part of the mapping with keys of its own: write [{where.rstrip('.')}].")
    for name in given:
        if name not in known:
            near = get_close_matches(name, known, 1, 0.6)
            mend = f"Did you mean “{near[0]}”?" if near else f"It may have: {', '.join(known)}."
            raise Unfit(f"Nobody reads “{where}{name}” of the mapping. {mend}")


def _roles(given: Map[str, Any]) -> dict[str, str]:
    found: dict[str, str] = {}
    for ours in ROLES:
        for theirs in _words(f"roles.{ours}", given[ours]):
            if found.setdefault(theirs.lower(), ours) != ours:
                raise Unfit(f"The role “{theirs}” stands for both {found[theirs.lower()]} and {ours}. Keep one of the two.")
    return found


def _words(where: str, given: object) -> tuple[str, ...]:
    words = [given] if isinstance(given, str) else given
    if not isinstance(words, list) or not all(isinstance(word, str) and word for word in words):
        raise Unfit(f'“{where}” is a list of words, such as {where.partition(".")[2]} = ["one", "two"].')
    return tuple(words)


def _ways(part: str, given: object) -> tuple[str, ...]:
    ways = _words(f"{part}.by", given)
    if unknown := next((way for way in ways if way not in WAYS[part]), None):
        raise Unfit(f"“{part}.by” cannot be “{unknown}”. Use: {', '.join(WAYS[part])}.")
    return ways


def _choice(name: str, given: object) -> str:
    if given not in CHOICES[name]:
        raise Unfit(f"“set.{name}” cannot be “{given}”. Use: {' or '.join(CHOICES[name])}.")
    return str(given)


def _reference(given: object) -> str:
    if given not in REFERENCES[:-1] and not (isinstance(given, str) and given.startswith("userIds:") and given[8:]):
        raise Unfit(f"“set.reference” cannot be “{given}”. Use: {', '.join(REFERENCES)}.")
    return str(given)


def _columns(file: str, given: object) -> Columns:
    if not isinstance(given, dict):
        raise Unfit(f"“columns.{file}” names columns: write [columns.{file}].")
    return {ours: _words(f"columns.{file}.{ours}", theirs) for ours, theirs in given.items()}

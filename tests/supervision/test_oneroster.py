"""OneRoster sets, read and compared: who works here, with whom, and what each fault says. Nothing else is needed."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from services.supervision import oneroster_mapping, oneroster_set, people_import
from services.supervision.messages import PersonLeft, PersonListed
from services.supervision.oneroster_mapping import Unfit
from services.supervision.oneroster_rows import KEPT
from services.supervision.people import GONE, Known, row_hash
from services.supervision.people_file import Whose
from services.supervision.people_import import Before, Job, Looked
from shared.contracts import ids
from shared.contracts.supervision import Match
from tests.supervision.rosters import V12, changed, files, v11, zipped

SITE = "eastfield"
WHOSE = Whose(SITE, "America/Chicago", "en")
NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
NOTHING = Before(NOW, WHOSE)
Y1 = ids.mentee(SITE, "y1")
MARCUS, DANA = ids.mentor(SITE, "marcus"), ids.supervisor(SITE, "dana")


def look(found: Mapping[str, bytes], before: Before = NOTHING, mapping: str = "", **job: Any) -> Looked:
    return people_import.looked_at(Job(SITE, zipped(found), "oneroster", oneroster_mapping.read(mapping), **job), before)


def after(looked: Looked, before: Before = NOTHING) -> Before:
    """What the site has once a set was brought in."""
    known, rows = dict(before.known), {file: dict(kept) for file, kept in before.rows.items()}
    for _, event in looked.events:
        if isinstance(event, PersonListed):
            known[event.person_id] = Known(
                event.person_id, event.role, event.reference, event.name, event.email, event.phone, event.time_zone,
                event.locale, "active", event.source, row_hash(event), event.back_up_id, event.supervisor_id,
            )  # fmt: skip
        if isinstance(event, PersonLeft):
            gone = known[event.person_id]
            known[event.person_id] = replace(gone, status="left", row_hash=GONE)
    for row in looked.told:
        kept = rows.setdefault(row.file, {})
        if row.document is None:
            del kept[row.row_id]
        else:
            kept[row.row_id] = KEPT[row.file].validate_json(row.document)
    return Before(NOW, WHOSE, known, rows)


def people(looked: Looked) -> dict[str, PersonListed]:
    assert looked.parsed.problems == ()
    return {row.person.reference: row.person for row in looked.parsed.rows}


def said(looked: Looked) -> list[str]:
    return [str(problem) for problem in looked.parsed.problems]


def without_names(looked: Looked) -> str:
    return json.dumps([row.document for row in looked.told])


@pytest.mark.parametrize("found", [files(), v11()], ids=["1.2", "1.1"])
def test_a_set_tells_who_is_what_whose_mentor_and_whose_match(found: dict[str, bytes]) -> None:
    here = people(look(found))
    assert {name: person.role for name, person in here.items()} == {
        "marcus": "mentor", "dana": "supervisor", "lee": "supervisor", "priya": "site_lead",
    }  # fmt: skip
    marcus, dana = here["marcus"], here["dana"]
    assert (marcus.name, marcus.email, marcus.phone) == ("Marcus Bell", "marcus@example.org", "+1 555 555 0117")
    assert (marcus.supervisor_reference, dana.name, dana.back_up_reference) == ("dana", "Dana Ortiz", "lee")
    assert marcus.matches == (Match(mentee_ref=Y1, started_on="2026-09-08", ends_on="2027-06-11"),), "from when both were there"


def test_of_the_young_person_nothing_goes_on_but_an_opaque_reference() -> None:
    looked = look(files())
    told = without_names(looked) + json.dumps([event.model_dump_json() for _, event in looked.events])
    assert Y1 in told
    assert not [word for word in ("Canary", "Secret", "y1", "yone", "Y1") if f'"{word}' in told or f"{word} " in told]
    assert not [word for word in ("Bell", "marcus", "555") if word in without_names(looked)], "what is kept names nobody"


def test_the_same_set_again_changes_nothing_and_one_new_name_changes_one_person() -> None:
    first = look(files())
    assert (len(first.compared.new), first.count) == (4, 4 + len(first.rows))
    before = after(first)
    again = look(files(), before)
    assert (list(again.events), again.compared.unchanged) == ([], 4)
    row = V12["users"][1]
    third = look(files(changed("users", row, row.replace("Marcus", "Mark"))), before)
    assert [(row.person.name, row.line) for row in third.compared.changed] == [("Mark Bell", 2)]


def delta(**rows: list[str]) -> dict[str, bytes]:
    return files({name: [V12[name][0], *lines] for name, lines in rows.items()}, mode="delta")


def test_changes_go_on_top_of_what_was_told_before() -> None:
    before = after(look(files()))
    ended = look(delta(enrollments=["e3,active,2026-11-30,c1,o1,y1,student,false,2026-09-08,2026-11-27"]), before)
    assert [row.person.matches[0].ends_on for row in ended.compared.changed] == ["2026-11-27"]
    over = look(delta(enrollments=["e3,tobedeleted,2026-11-30,c1,o1,y1,student,false,,"]), before)
    assert [row.person.matches for row in over.compared.changed] == [()]
    assert over.compared.gone == ()
    sam, role = "sam,active,2026-11-30,true,,,Sam,Reed,,,,,,,,,,", "r6,active,,sam,primary,aide,,,o1,"
    new = look(delta(users=[sam], roles=[role]), before)
    assert ([row.person.reference for row in new.compared.new], new.compared.unchanged) == (["sam"], 4)


@pytest.mark.parametrize(
    "rows",
    [
        {"users": [V12["users"][1].replace("marcus,,,", "marcus,tobedeleted,2026-11-30,")]},
        {"roles": ["r1,tobedeleted,2026-11-30,marcus,primary,aide,,,o1,"]},
        {"roles": ["r1,active,2026-11-30,marcus,primary,aide,,2026-11-27,o1,"]},
    ],
    ids=["the user is deleted", "the role is deleted", "the role has ended"],
)
def test_whom_changes_delete_has_left_and_stays_known(rows: dict[str, list[str]]) -> None:
    before = after(look(files()))
    looked = look(delta(**rows), before)
    assert [(person.reference, person.role) for person in looked.compared.gone] == [("marcus", "mentor")]
    [left] = [event for _, event in looked.events if isinstance(event, PersonLeft)]
    assert left.person_id == MARCUS
    then = after(looked, before)
    assert then.known[MARCUS].status == "left"
    assert look(delta(**rows), then).count == 0
    back = look(files(), then)
    assert [row.person.reference for row in back.compared.changed] == ["marcus"]


def test_a_mentor_whose_supervisor_is_deleted_goes_to_the_back_up_and_stays_there() -> None:
    before = after(look(files()))
    gone = delta(users=[V12["users"][2].replace("dana,,,", "dana,tobedeleted,2026-11-30,")])
    looked = look(gone, before)
    assert [(row.person.reference, row.person.supervisor_reference) for row in looked.compared.changed] == [("marcus", "lee")]
    assert look(gone, after(looked, before)).count == 0


def test_who_is_in_no_complete_set_any_more_has_left_unless_another_list_names_them() -> None:
    before = after(look(files()))
    dana = Known(DANA, "supervisor", "dana", "D", None, None, "UTC", "en", "active", "people_file", b"x")
    known = {**before.known, DANA: dana}
    users = [row for row in V12["users"] if not row.startswith(("marcus", "dana"))]
    roles = [row for row in V12["roles"] if ",marcus," not in row and ",dana," not in row]
    rows = V12 | {"users": users, "roles": roles, "enrollments": V12["enrollments"][:1]}
    looked = look(files(rows), Before(NOW, WHOSE, known, before.rows))
    assert [person.reference for person in looked.compared.gone] == ["marcus"]
    assert looked.compared.too_many_gone, "one of four is more than a fifth"


@pytest.mark.parametrize(("leaving", "refused"), [(2, False), (3, True)])
def test_more_than_a_fifth_is_too_many(leaving: int, refused: bool) -> None:
    users = [V12["users"][0], *(f"m{n},,,true,,,Mentor,{n},,,,,,,,,," for n in range(10))]
    roles = [V12["roles"][0], *(f"r{n},,,m{n},primary,aide,,,o1," for n in range(10))]
    whole = V12 | {"users": users, "roles": roles, "enrollments": V12["enrollments"][:1]}
    fewer = whole | {"users": users[: 11 - leaving], "roles": roles[: 11 - leaving]}
    looked = look(files(fewer), after(look(files(whole))))
    assert (len(looked.compared.gone), looked.compared.too_many_gone) == (leaving, refused)


FAULTS = [
    ("users", "Marcus,Bell", ",Bell", None, "users.csv, line 2, givenName: This cell is empty."),
    ("users", "marcus@example.org", "marcus at example", None,
     "users.csv, line 2, email: “marcus at example” is not an e-mail address. Write it like name@example.org, or"),
    ("users", "lee,,,true", "marcus,,,true", 3,
     "users.csv, line 4, sourcedId: Another row of this file has the same id. Keep one of the two."),
    ("users", "marcus,,,", "marcus,gone,,", None, "users.csv, line 2, status: “gone” is no status. Use active or tobedeleted."),
    ("roles", "r1,,,marcus", "r1,,,mark", None,
     "roles.csv, line 2, userSourcedId: “mark” is in no row of users.csv. Add it to users.csv, or correct the id."),
    ("roles", "2026-08-01", "08/01/2026", None, "roles.csv, line 2, beginDate: “08/01/2026” is not a date. Use YYYY-MM-DD."),
    ("enrollments", "e1,,,c1", "e1,,,c9", None,
     "enrollments.csv, line 2, classSourcedId: “c9” is in no row of classes.csv. Add it to classes.csv, or correct the id."),
    ("enrollments", "2027-06-11", "2026-06-11", None,
     "enrollments.csv, line 4, endDate: 2026-06-11 is before the beginning, 2026-09-08. Correct one of the two days."),
    ("classes", "k1,,scheduled", "k7,,scheduled", None,
     "classes.csv, line 2, courseSourcedId: “k7” is in no row of courses.csv. Add it to courses.csv, or correct the id."),
    ("enrollments", "e2,,,", ",,,", None, "enrollments.csv, line 3, sourcedId: This cell is empty. OneRoster asks for it"),
]  # fmt: skip


@pytest.mark.parametrize(("file", "before", "after_", "row", "problem"), FAULTS, ids=[f"{f[0]} {f[1]}" for f in FAULTS])
def test_each_fault_says_file_line_column_and_how_to_mend_it(
    file: str, before: str, after_: str, row: int | None, problem: str
) -> None:
    number = row or next(n for n, line in enumerate(V12[file]) if before in line)
    line = V12[file][number]
    found = said(look(files(changed(file, line, line.replace(before, after_, 1)))))
    assert found[0].startswith(problem), found


def test_a_row_with_a_fault_leaves_what_was_known_as_it_was_and_nobody_goes_for_it() -> None:
    before = after(look(files()))
    line = V12["users"][1]
    looked = look(files(changed("users", line, line.replace("marcus@example.org", "none"))), before)
    assert (len(looked.parsed.problems), looked.compared.gone, looked.compared.unchanged) == (1, (), 4)
    nobody = look(files(changed("users", line, line.replace("marcus,", ",", 1))), before)
    assert nobody.compared.gone == (), "which row that was, nobody knows"


@pytest.mark.parametrize(
    ("found", "problem"),
    [
        ({name: data for name, data in files().items() if name != "manifest.csv"},
         "manifest.csv, line 1: There is no manifest.csv, so nobody knows what these files are: nothing was read."),
        (files(version="1.0"), "manifest.csv, line 3, value: “oneroster.version” is “1.0”. Export the set as OneRoster 1.1 or"),
        (files() | {"manifest.csv": files()["manifest.csv"].replace(b"file.users,bulk", b"file.users,absent")},
         "manifest.csv, line 8, value: users.csv is said to be absent, and is here."),
        ({name: data for name, data in files().items() if name != "roles.csv"},
         "manifest.csv, line 9, value: roles.csv is said to be here (bulk), and is not."),
        (files() | {"manifest.csv": files()["manifest.csv"].replace(b"file.users,bulk", b"file.users,some")},
         "manifest.csv, line 8, value: “some” says nothing of users.csv. Use bulk, delta or absent."),
        (files(mode="delta"), "manifest.csv, line 1, value: This set tells only changes, and this site has had no complete set"),
        (files({"orgs": V12["orgs"]}), "manifest.csv, line 1, propertyName: There is no users.csv in this set"),
    ],
    ids=["no manifest", "1.0", "absent and here", "here and absent", "some", "changes first", "no users"],
)  # fmt: skip
def test_a_set_that_does_not_say_what_it_is_is_refused(found: dict[str, bytes], problem: str) -> None:
    looked = look(found)
    assert said(looked)[0].startswith(problem), said(looked)


def test_a_set_in_another_dress_says_the_same() -> None:
    plain = look(files())
    bom = {name: b"\xef\xbb\xbf" + data for name, data in files().items()}
    wide = {name: data.decode().encode("utf-16") for name, data in files().items()}
    loud = {name.upper().replace(".CSV", ".csv"): data.replace(b"sourcedId,", b"SOURCEDID,") for name, data in files().items()}
    for dress in (bom, wide, loud):
        assert people(look(dress)) == people(plain)
    inside = people_import.looked_at(Job(SITE, zipped(files(), "export/"), "oneroster"), NOTHING)
    assert people(inside) == people(plain)


def test_what_is_not_needed_is_not_opened_and_said() -> None:
    looked = look(files() | {"demographics.csv": b"\xff\xfe\x00"})
    assert looked.parsed.notes == ("Not opened, since nothing of it is needed: demographics.csv.",)


def test_roles_that_nobody_gave_a_meaning_are_named() -> None:
    line = V12["roles"][3]
    looked = look(files(changed("roles", line, line.replace("counselor", "ext:volunteer"))))
    assert looked.parsed.notes == ("Roles that were left out: “ext:volunteer” (1). A mapping can say what they are.",)
    mapping = '[roles]\nmentor = ["aide", "ext:volunteer"]'
    assert people(look(files(changed("roles", line, line.replace("counselor", "ext:volunteer"))), mapping=mapping))["lee"]


def test_a_class_of_several_mentors_and_young_people_is_a_group_that_names_nobody() -> None:
    users = [*V12["users"], "sam,,,true,,,Sam,Reed,,,,,,,,,,", "y2,,,true,,,Other,Young,,,,,,,,,,"]
    roles = [*V12["roles"], "r6,,,sam,primary,aide,,,o1,", "r7,,,y2,primary,student,,,o1,"]
    enrollments = [*V12["enrollments"], "e4,,,c1,o1,sam,aide,,,", "e5,,,c1,o1,y2,student,,,"]
    here = people(look(files(V12 | {"users": users, "roles": roles, "enrollments": enrollments})))
    assert here["marcus"].matches == (Match(started_on="2026-09-01"),)
    assert here["sam"].matches == (Match(started_on="2026-08-24"),), "without a date of its own, from the term's beginning"


def test_a_mapping_finds_caseloads_and_matches_by_agents_and_other_references() -> None:
    users = [
        V12["users"][0],
        V12["users"][1].replace("+1 555 555 0117,,", "+1 555 555 0117,lee,"),
        *V12["users"][2:5],
        V12["users"][5].replace(",,,,5,", ",,,marcus,5,"),
    ]
    mapping = '[caseload]\nby = ["agents"]\n[matches]\nby = ["agents"]\n[set]\nreference = "identifier"'
    here = people(look(files(V12 | {"users": users}), mapping=mapping))
    assert here["M1"].supervisor_reference == "L1"
    assert here["M1"].matches == (Match(mentee_ref=ids.mentee(SITE, "Y1"), started_on="2026-08-01"),)
    by_type = look(files(), mapping='[set]\nreference = "userIds:fed"')
    assert said(by_type)[0] == "users.csv, line 3, userIds: There is no id of the type fed. Write it like {type:id}."


def test_only_the_organizations_of_a_site_count() -> None:
    line = V12["roles"][1]
    elsewhere = V12 | {"orgs": [*V12["orgs"], "o2,,,Westfield,school,,"], "roles": changed(
        "roles", line, line.replace(",o1,", ",o2,"))["roles"]}  # fmt: skip
    assert "marcus" not in people(look(files(elsewhere), mapping='[sites]\neastfield = ["o1"]'))
    assert "marcus" in people(look(files(elsewhere)))


def test_files_with_other_headings_and_no_manifest_are_read_by_a_mapping() -> None:
    """As school systems write them that came before OneRoster: a row is named by several columns."""
    found = {
        "orgs.csv": b"id,name\n1,East\n",
        "users.csv": b"id,givenName,familyName\n7,Nora,Roth\n8,Pau,Vidal\n",
        "roles.csv": b"userId,orgId,role\n7,1,teacher\n8,1,professor\n",
        "classes.csv": b"id,orgId,title\n2,1,Biology\n",
        "enrollments.csv": b"classId,userId,role\n2,7,teacher\n",
    }
    mapping = """
[set]
manifest = "none"
[columns.orgs]
sourcedId = "id"
[columns.users]
sourcedId = "id"
[columns.roles]
sourcedId = ["userId", "orgId", "role"]
userSourcedId = "userId"
orgSourcedId = "orgId"
[columns.classes]
sourcedId = "id"
[columns.enrollments]
sourcedId = ["classId", "userId"]
classSourcedId = "classId"
userSourcedId = "userId"
"""
    looked = look(found, mapping=mapping)
    assert list(people(looked)) == ["7"]
    assert looked.counts == {"orgs": 1, "classes": 1, "roles": 2, "users": 2, "enrollments": 1}
    assert "Roles that were left out: “professor” (1)." in looked.parsed.notes[0]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[role]\nmentor = []", "Nobody reads “role” of the mapping. Did you mean “roles”?"),
        ("[roles]\nmentors = []", "Nobody reads “roles.mentors” of the mapping. Did you mean “mentor”?"),
        ("[roles]\nmentor = [1]", "“roles.mentor” is a list of words, such as mentor ="),
        ('[roles]\nmentor = ["teacher"]', "The role “teacher” stands for both mentor and supervisor."),
        ('[matches]\nby = ["luck"]', "“matches.by” cannot be “luck”. Use: classes, agents."),
        ('[set]\nreference = "name"', "“set.reference” cannot be “name”. Use: sourcedId, username,"),
        ("roles = 3", "“roles” is a part of the mapping with keys of its own: write [roles]."),
        ("[roles", "The mapping is not TOML"),
    ],
)
def test_a_mapping_that_says_nothing_clear_is_refused_in_words(text: str, words: str) -> None:
    with pytest.raises(Unfit) as refused:
        oneroster_mapping.read(text)
    assert str(refused.value).startswith(words)


def test_no_zip_blows_up() -> None:
    bomb = zipped(files() | {"users.csv": b"sourcedId,givenName,familyName\n" + b"0" * (64 * oneroster_set.MIB)})
    looked = people_import.looked_at(Job(SITE, bomb, "oneroster"), NOTHING)
    assert said(looked)[0].startswith("Line 1: Unpacked, this is more than 1,024 MB, or much more than a list of people")
    small = people_import.looked_at(Job(SITE, zipped(files()), "oneroster", most_bytes=1_000), NOTHING)
    assert said(small)[0].startswith("Line 1: Unpacked, this is more than")
    for broken in (b"", b"PK\x03\x04 no zip", zipped(files())[:-200]):
        looked = people_import.looked_at(Job(SITE, broken, "oneroster"), NOTHING)
        assert said(looked)[0].startswith("Line 1: This is no zip file, or it broke off. Send the zip as your system exports it")
    folders = zipped({"a/manifest.csv": b"", "b/users.csv": b""})
    assert said(people_import.looked_at(Job(SITE, folders, "oneroster"), NOTHING))[0].startswith("Line 1: The zip has several")

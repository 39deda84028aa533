"""OneRoster sets of a small site, as its own system would write them: one mentor with one young person, and a supervisor."""

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

# What each file says: its columns, and its rows as they come.
V12: dict[str, list[str]] = {
    "orgs": ["sourcedId,status,dateLastModified,name,type,identifier,parentSourcedId", "o1,,,Eastfield,school,,"],
    "academicSessions": [
        "sourcedId,status,dateLastModified,title,type,startDate,endDate,parentSourcedId,schoolYear",
        "t1,,,Fall,term,2026-08-24,2026-12-18,,2027",
    ],
    "courses": ["sourcedId,status,dateLastModified,schoolYearSourcedId,title,courseCode,grades,orgSourcedId", "k1,,,t1,M,,,o1"],
    "classes": [
        "sourcedId,status,dateLastModified,title,grades,courseSourcedId,classCode,classType,location,schoolSourcedId,termSourcedIds",
        "c1,,,Pair 1,,k1,,scheduled,,o1,t1",
    ],
    "users": [
        "sourcedId,status,dateLastModified,enabledUser,username,userIds,givenName,familyName,middleName,identifier,email,sms,"
        "phone,agentSourcedIds,grades,password,userMasterIdentifier,preferredGivenName",
        "marcus,,,true,mbell,{Fed:77},Marcus,Bell,,M1,marcus@example.org,,+1 555 555 0117,,,,,",
        "dana,,,true,dortiz,,Danielle,Ortiz,,D1,dana@example.org,,,lee,,,,Dana",
        "lee,,,true,lpark,,Lee,Park,,L1,,,,,,,,",
        "priya,,,true,pnair,,Priya,Nair,,P1,,,,,,,,",
        "y1,,,true,yone,,Secret,Canary,,Y1,,,,,5,,,",
    ],
    "roles": [
        "sourcedId,status,dateLastModified,userSourcedId,roleType,role,beginDate,endDate,orgSourcedId,userProfileSourcedId",
        "r1,,,marcus,primary,aide,2026-08-01,,o1,",
        "r2,,,dana,primary,teacher,,,o1,",
        "r3,,,lee,primary,counselor,,,o1,",
        "r4,,,priya,primary,principal,,,o1,",
        "r5,,,y1,primary,student,,,o1,",
    ],
    "enrollments": [
        "sourcedId,status,dateLastModified,classSourcedId,schoolSourcedId,userSourcedId,role,primary,beginDate,endDate",
        "e1,,,c1,o1,marcus,aide,false,2026-09-01,",
        "e2,,,c1,o1,dana,teacher,true,,",
        "e3,,,c1,o1,y1,student,false,2026-09-08,2027-06-11",
    ],
}
V11_USERS = [
    "sourcedId,status,dateLastModified,enabledUser,orgSourcedIds,role,username,userIds,givenName,familyName,middleName,"
    "identifier,email,sms,phone,agentSourcedIds,grades,password",
    "marcus,,,true,o1,aide,mbell,,Marcus,Bell,,,marcus@example.org,,+1 555 555 0117,,,",
    "dana,,,true,o1,teacher,dortiz,,Dana,Ortiz,,,dana@example.org,,,lee,,",
    "lee,,,true,o1,teacher,lpark,,Lee,Park,,,,,,,,",
    "priya,,,true,o1,administrator,pnair,,Priya,Nair,,,,,,,,",
    "y1,,,true,o1,student,yone,,Secret,Canary,,,,,,,5,",
]


def changed(file: str, before: str, after: str | None) -> dict[str, list[str]]:
    """The set with one row written otherwise, or without it."""
    rows = [after if row == before else row for row in V12[file]]
    assert rows != V12[file], before
    return V12 | {file: [row for row in rows if row is not None]}


def manifest(version: str, modes: Mapping[str, str]) -> str:
    said = [f"file.{name},{mode}" for name, mode in modes.items()]
    return "\n".join(["propertyName,value", "manifest.version,1.0", f"oneroster.version,{version}", *said, ""])


def files(rows: Mapping[str, list[str]] = V12, version: str = "1.2", mode: str = "bulk") -> dict[str, bytes]:
    said = dict.fromkeys(rows, mode) | dict.fromkeys([name for name in V12 if name not in rows], "absent")
    found = {f"{name}.csv": "\r\n".join([*lines, ""]).encode() for name, lines in rows.items()}
    return {"manifest.csv": manifest(version, said).encode()} | found


def v11() -> dict[str, bytes]:
    return files({name: lines for name, lines in V12.items() if name != "roles"} | {"users": V11_USERS}, "1.1")


def zipped(found: Mapping[str, bytes], folder: str = "") -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in found.items():
            archive.writestr(f"{folder}{name}", data)
    return target.getvalue()


def unpacked(folder: Path, found: Mapping[str, bytes]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    for name, data in found.items():
        (folder / name).write_bytes(data)
    return folder

"""A supervisor who left and is back: the list says whose mentors these are, and the import says that they had been handed on."""

from pathlib import Path
from uuid import UUID

from services.supervision import store_cases
from shared.contracts import ids
from shared.messaging.sweep import apply_sweep
from shared.running import Running
from tests.supervision.builders import MENTOR, SITE, SUPERVISOR
from tests.supervision.conftest import Jitt
from tests.supervision.rosters import V12, files, unpacked
from tests.supervision.test_commands import ADD

LEE = ids.supervisor(SITE, "lee")
HEADER = "ref,role,name,supervisor_ref,back_up_ref,status\n"
DANA, LEE_ROW, MARCUS = "dana,supervisor,Dana Ortiz,,lee,\n", "lee,supervisor,Lee Park,,,\n", "marcus,mentor,Marcus Bell,dana,,\n"
BACK = "1 mentor had been handed on when the supervisor left, and goes back to the supervisor whom the list names."


async def supervisor_of(running: Running) -> UUID | None:
    async with running.connection() as conn, conn.transaction():
        return (await store_cases.load_cases(conn, [MENTOR]))[MENTOR].supervisor_id


async def swept(running: Running) -> None:
    async with running.connection() as conn, conn.transaction():
        await apply_sweep(conn, "supervision", running.service.handlers)


async def send(jitt: Jitt, folder: Path, *rows: str, dry_run: bool = False) -> list[str]:
    file = folder / "people.csv"
    file.write_text(HEADER + "".join(rows))
    more = ["--dry-run"] if dry_run else ["--force"]
    said = await jitt("import", "people", file, "--site", SITE, *more)
    assert said.exit_code == 0, said.stdout + said.stderr
    return said.stdout.splitlines()


async def test_the_mentors_of_a_supervisor_who_is_back_go_back_when_the_list_says_so(
    jitt: Jitt, running: Running, tmp_path: Path
) -> None:
    await jitt(*ADD)
    await send(jitt, tmp_path, DANA, LEE_ROW, MARCUS)
    await send(jitt, tmp_path, DANA.replace(",lee,", ",lee,left"))
    await swept(running)
    assert await supervisor_of(running) == LEE
    whole = (DANA, LEE_ROW, MARCUS)
    look = await send(jitt, tmp_path, *whole, dry_run=True)
    assert look == ["3 rows: 0 new, 2 changed, 1 unchanged.", BACK]
    assert await supervisor_of(running) == LEE, "a look changes nothing"
    assert (await send(jitt, tmp_path, *whole))[1:] == [BACK, "Imported 2 people."]
    assert await supervisor_of(running) == SUPERVISOR
    assert (await send(jitt, tmp_path, *whole))[-1] == "Nothing changed."


async def test_a_list_of_the_supervisor_alone_says_nothing_of_the_mentors(jitt: Jitt, running: Running, tmp_path: Path) -> None:
    await jitt(*ADD)
    await send(jitt, tmp_path, DANA, LEE_ROW, MARCUS)
    await send(jitt, tmp_path, DANA.replace(",lee,", ",lee,left"))
    await swept(running)
    assert (await send(jitt, tmp_path, DANA))[-1] == "Imported 1 person."
    assert await supervisor_of(running) == LEE


async def test_a_set_that_names_the_supervisor_again_gives_the_mentors_back(jitt: Jitt, running: Running, tmp_path: Path) -> None:
    await jitt(*ADD)
    await jitt("import", "oneroster", unpacked(tmp_path, files()), "--site", SITE)
    gone = [V12["users"][0], V12["users"][2].replace("dana,,,", "dana,tobedeleted,2026-11-30,")]
    await jitt("import", "oneroster", unpacked(tmp_path, files({"users": gone}, mode="delta")), "--site", SITE, "--force")
    await swept(running)
    assert await supervisor_of(running) == LEE
    said = await jitt("import", "oneroster", unpacked(tmp_path, files()), "--site", SITE)
    assert said.stdout.splitlines()[-1] == "Imported 2 people."
    assert await supervisor_of(running) == SUPERVISOR

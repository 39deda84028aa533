"""Audio and video on cards: read from beside the file, refused without the words that stand in for them, published by hash.

tests/media holds one of each: three seconds of a machine's voice, and the same over a moving square (ffmpeg with flite).
"""

from datetime import date
from hashlib import sha256
from pathlib import Path
from shutil import copy

import asyncpg
import httpx2
import pytest

from deploy.preview.drafts import Shelf
from deploy.preview.http import application
from services.content import publishing, rules
from services.content.app import SERVICE
from services.content.lint import check
from services.content.media import LARGEST, seconds
from services.content.module import write
from services.content.words import content_hash
from shared.contracts.content import Media
from shared.process import application_of
from tests.content.building import a_module
from tests.content.test_commands import jitt, network

__all__ = ["network"]

TODAY = date(2026, 11, 29)
SAMPLES = Path(__file__).parents[1] / "media"
NAME = "reflective_listening_9.md"
HEADING = "## Card: A guess\n"
TITLE = "Ana says how her week was"
AUDIO = {name: SAMPLES / name for name in ("ana.mp3", "ana.txt")}
VIDEO = {name: SAMPLES / name for name in ("talk.mp4", "talk.vtt", "talk.txt")}


def written(folder: Path, *, path: str = "media/ana.mp3", title: str = TITLE, **files: bytes | None) -> Path:
    """A module with a recording on its first card. `files` by name with _ for the dot: other bytes, or None for no file."""
    (folder / "media").mkdir()
    for name, sample in (AUDIO | VIDEO).items():
        copy(sample, folder / "media" / name)
    for key, body in files.items():
        file = folder / "media" / key.replace("_", ".")
        file.unlink(missing_ok=True) if body is None else file.write_bytes(body)
    file = folder / NAME
    file.write_text(write(a_module()).replace(HEADING, f"{HEADING}\n![{title}]({path})\n"), "utf-8")
    return file


def faults(folder: Path, **changes: object) -> list[str]:
    return [found.what for found in check(written(folder, **changes), TODAY).findings]


def digest(name: str) -> str:
    return sha256((SAMPLES / name).read_bytes().strip() if name.endswith(".vtt") else (SAMPLES / name).read_bytes()).hexdigest()


def test_audio_comes_along_by_its_hash_with_what_is_said(tmp_path):
    checked = check(written(tmp_path), TODAY)
    (draft,) = checked.drafts
    assert checked.findings == ()
    assert draft.module.cards[0].media == Media(
        name="ana.mp3",
        title=TITLE,
        sha256=digest("ana.mp3"),
        media_type="audio/mpeg",
        size=8484,
        seconds=3,
        transcript="It sounds like a lot. Every single night.",
    )
    assert [(blob.media_type, blob.sha256) for blob in draft.blobs] == [("audio/mpeg", digest("ana.mp3"))]
    assert draft.module.cards[0].text.startswith("Say it as a statement.")


def test_video_brings_its_captions(tmp_path):
    (draft,) = check(written(tmp_path, path="media/talk.mp4"), TODAY).drafts
    shown = draft.module.cards[0].media
    assert (shown.kind, shown.media_type, shown.seconds, shown.captions) == ("video", "video/mp4", 3, digest("talk.vtt"))
    assert [blob.sha256 for blob in draft.blobs] == [shown.sha256, shown.captions]


def test_a_module_with_a_recording_reads_back_as_it_was_written_and_keeps_its_hash(tmp_path):
    (draft,) = check(written(tmp_path), TODAY).drafts
    (tmp_path / NAME).write_text(write(draft.module), "utf-8")
    (again,) = check(tmp_path / NAME, TODAY).drafts
    assert (again.module, content_hash(again.module)) == (draft.module, content_hash(draft.module))


def test_a_module_without_one_has_the_hash_it_had_before():
    assert '"media"' not in a_module().model_dump_json(exclude_defaults=True)


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"path": "media/ana.wav"}, "“media/ana.wav” is no audio's or video's name."),
        ({"path": "media/../ana.mp3"}, "“media/../ana.mp3” is no audio's or video's name."),
        ({"ana_mp3": None}, "There is no media/ana.mp3."),
        ({"ana_txt": None}, "There is no media/ana.txt."),
        ({"ana_txt": b"  \n"}, "media/ana.txt holds no text."),
        ({"ana_txt": b"\xff\xfe"}, "media/ana.txt is not UTF-8."),
        ({"ana_mp3": b"RIFF....WAVE"}, "media/ana.mp3 is no mp3 file, whatever its name says."),
        ({"ana_mp3": b"ID3" + bytes(LARGEST)}, "media/ana.mp3 is larger than 8 MiB."),
        ({"path": "media/talk.mp4", "talk_vtt": None}, "There is no media/talk.vtt."),
        ({"path": "media/talk.mp4", "talk_txt": None}, "There is no media/talk.txt."),
        ({"path": "media/talk.mp4", "talk_vtt": b"1\n00:01 Hello"}, "media/talk.vtt does not begin as captions do."),
        ({"path": "media/talk.mp4", "talk_vtt": b"WEBVTT\n\nHello"}, "media/talk.vtt has no caption with its time."),
        ({"title": "Ana"}, "The audio is told in 1 word."),
    ],
)
def test_what_a_phone_or_a_person_could_not_use_is_refused_in_words(tmp_path, changes, what):
    assert what in faults(tmp_path, **changes)


def test_a_recording_beside_the_folder_serves_every_language_with_words_in_each(tmp_path):
    file = written(tmp_path)
    folder = tmp_path / "es"
    (folder / "media").mkdir(parents=True)
    (folder / "media" / "ana.txt").write_text("Suena a mucho. Cada noche.")
    moved = file.rename(folder / NAME)
    (draft,) = check(moved, TODAY).drafts
    shown = draft.module.cards[0].media
    assert (shown.sha256, shown.transcript) == (digest("ana.mp3"), "Suena a mucho. Cada noche.")


def test_what_is_heard_counts_among_the_minutes(tmp_path):
    (draft,) = check(written(tmp_path), TODAY).drafts
    card = draft.module.cards[0]
    silent = draft.module.model_copy(update={"cards": (card.model_copy(update={"media": None}), *draft.module.cards[1:])})
    assert rules.minutes(draft.module) == pytest.approx(rules.minutes(silent) + 3 / 60)
    unknown = card.media.model_copy(update={"seconds": None, "transcript": "word " * 150})
    longer = silent.model_copy(update={"cards": (card.model_copy(update={"media": unknown}), *silent.cards[1:])})
    assert rules.minutes(longer) == pytest.approx(rules.minutes(silent) + 1)


def test_a_recording_of_four_minutes_is_too_long(tmp_path):
    body = (SAMPLES / "talk.mp4").read_bytes()
    at = body.index(b"mvhd") + 16
    scale = int.from_bytes(body[at : at + 4])
    longer = body[: at + 4] + (scale * 240).to_bytes(4) + body[at + 8 :]
    assert seconds(longer, "mp4") == 240
    assert "The video lasts 240 seconds, and 180 are the most." in faults(tmp_path, path="media/talk.mp4", talk_mp4=longer)


@pytest.mark.parametrize(
    "body", [b"", b"ID3", b"ID3\x04\x00\x00\x00\x00\x00\x0a", b"\x00\x00\x00\x20ftypmvhd", b"\xff\xfb\xf0\xff"]
)
def test_a_head_that_says_nothing_is_no_error(body):
    assert {seconds(body, ending) for ending in ("mp3", "mp4", "m4a", "webm")} == {None}


async def test_a_published_file_is_given_for_ever_and_in_pieces(database, tmp_path):
    running = await database(SERVICE)
    (draft,) = check(written(tmp_path, path="media/talk.mp4"), TODAY).drafts
    for _run in range(2):
        await publishing.keep(running, draft.blobs)
    body, name = (SAMPLES / "talk.mp4").read_bytes(), digest("talk.mp4")
    transport = httpx2.ASGITransport(app=application_of(running))
    async with httpx2.AsyncClient(transport=transport, base_url="http://jitt.test") as client:
        whole = await client.get(f"/media/{name}")
        assert (whole.status_code, whole.content, whole.headers["content-type"]) == (200, body, "video/mp4")
        assert whole.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert whole.headers["accept-ranges"] == "bytes"
        for asked, piece, told in (
            ("bytes=0-1", body[:2], f"bytes 0-1/{len(body)}"),
            ("bytes=100-", body[100:], f"bytes 100-{len(body) - 1}/{len(body)}"),
            ("bytes=-5", body[-5:], f"bytes {len(body) - 5}-{len(body) - 1}/{len(body)}"),
            (f"bytes=10-{10**12}", body[10:], f"bytes 10-{len(body) - 1}/{len(body)}"),
        ):
            part = await client.get(f"/media/{name}", headers={"range": asked})
            assert (part.status_code, part.content, part.headers["content-range"]) == (206, piece, told)
        past = await client.get(f"/media/{name}", headers={"range": f"bytes={len(body)}-"})
        assert (past.status_code, past.headers["content-range"]) == (416, f"bytes */{len(body)}")
        assert past.headers["cache-control"] == "no-store"
        for odd in ("bytes=5-2", "bytes=-0", "bytes=-"):
            assert (await client.get(f"/media/{name}", headers={"range": odd})).status_code == 416
        for several in ("bytes=0-1,4-5", "items=0-1"):
            assert (await client.get(f"/media/{name}", headers={"range": several})).content == body
        for same in (whole.headers["etag"], f'"other", W/{whole.headers["etag"]}'):
            fresh = await client.get(f"/media/{name}", headers={"if-none-match": same})
            assert (fresh.status_code, fresh.content) == (304, b"")
        captions = await client.get(f"/media/{digest('talk.vtt')}")
        assert captions.headers["content-type"].startswith("text/vtt")
        for nobody in ("0" * 64, "A" * 64, "ana.mp3"):
            assert (await client.get(f"/media/{nobody}")).status_code == 404


async def test_publishing_a_folder_brings_its_recordings_and_a_dry_run_brings_none(network, tmp_path):
    file = written(tmp_path, path="media/talk.mp4")
    count = "SELECT count(*) FROM content.media"

    async def kept():
        conn = await asyncpg.connect(network["JITT_POSTGRES"])
        found = await conn.fetchval(count)
        await conn.close()
        return found

    assert (await jitt("publish", file, "--dry-run", **network)).code == 0
    assert await kept() == 0
    done = await jitt("publish", file, **network)
    assert (done.code, await kept()) == (0, 2), done.err
    assert (await jitt("publish", file, **network)).out.startswith("reflective_listening_9 (en): unchanged")


async def test_the_preview_plays_it(tmp_path):
    (folder := tmp_path / "en").mkdir()
    file = written(folder, path="media/talk.mp4")
    (seen,) = Shelf(file).all()
    transport = httpx2.ASGITransport(app=application(Shelf(file)))
    async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1", follow_redirects=True) as client:
        card = await client.get(f"/t/{seen.name}/at/cards/1")
        assert f'src="/media/{digest("talk.mp4")}"' in card.text
        part = await client.get(f"/media/{digest('talk.mp4')}", headers={"range": "bytes=-7"})
        assert (part.status_code, part.content) == (206, (SAMPLES / "talk.mp4").read_bytes()[-7:])
        assert (await client.get(f"/media/{'0' * 64}")).status_code == 404
        stamp = Shelf(file).stamp()
        (folder / "media" / "talk.txt").write_text("Mentor: Every night.")
        assert Shelf(file).stamp() != stamp

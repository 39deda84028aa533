"""Audio and video on cards: where the files are found, what they must bring along, and how long they last.

Their bytes never travel with the module: it names them by their hash, and whoever shows them asks for them by it.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from services.content.findings import Level
from services.content.readability import words
from services.content.rules import Broken, Rule
from shared.contracts.content import CardKind, Media, Module
from shared.contracts.vocabulary import Vocabulary

MIB = 1024 * 1024
LARGEST = 8 * MIB
LONGEST_WORDS = 64 * 1024  # of captions, and of a transcript
LONGEST_SECONDS = 180
TYPES = {"mp3": "audio/mpeg", "m4a": "audio/mp4", "mp4": "video/mp4", "webm": "video/webm"}  # what phones play
CAPTIONS = "text/vtt"
PATH = re.compile(rf"media/(?P<name>[a-z0-9][a-z0-9_-]*)\.(?P<ending>{'|'.join(TYPES)})")
BEGINS = {
    "mp3": re.compile(rb"ID3|\xff[\xe2-\xff]", re.DOTALL),
    "m4a": re.compile(rb".{4}ftyp", re.DOTALL),
    "mp4": re.compile(rb".{4}ftyp", re.DOTALL),
    "webm": re.compile(rb"\x1a\x45\xdf\xa3", re.DOTALL),
}
TIMING = re.compile(r"(?:\d{2,}:)?\d{2}:\d{2}\.\d{3}[ \t]+-->[ \t]+(?:\d{2,}:)?\d{2}:\d{2}\.\d{3}")
MEND = "Write “![what it is](media/name.mp4)”: small letters, digits, - and _, and one of .mp3, .m4a, .mp4 and .webm."

Files = Callable[[str], bytes | None]  # by name with its ending; at most one byte more than LARGEST is read


@dataclass(frozen=True, slots=True)
class Blob:
    """A file as it is kept and sent: audio, video, or the captions of a video."""

    media_type: str
    body: bytes

    @property
    def sha256(self) -> str:
        return sha256(self.body).hexdigest()


class NoMedia(Exception):
    """`mend`: how its author gets one."""

    def __init__(self, what: str, mend: str) -> None:
        super().__init__(what)
        self.mend = mend


def nowhere(_: str) -> bytes | None:
    return None


def near(file: Path) -> Files:
    """In media/ beside the file, else beside its folder: one recording for all languages, with words in each."""
    folders = (file.parent / "media", file.parent.parent / "media")
    return lambda name: next((found for folder in folders if (found := _bytes(folder / name)) is not None), None)


def _bytes(path: Path) -> bytes | None:
    try:
        with path.open("rb") as file:
            return file.read(LARGEST + 1)
    except OSError:
        return None


def media(title: str, path: str, files: Files) -> tuple[Media, tuple[Blob, ...]]:
    """What stands on the card, and the files that belong to it. Raises NoMedia."""
    named = PATH.fullmatch(path)
    if not named:
        raise NoMedia(f"“{path}” is no audio's or video's name.", MEND)
    name, ending = named["name"], named["ending"]
    body = _found(files, f"{name}.{ending}", "Put it into a folder named media beside this file, or correct the name.")
    if len(body) > LARGEST:
        raise NoMedia(f"{path} is larger than {LARGEST // MIB} MiB.", "Make it shorter, or save it in a lower quality.")
    if not BEGINS[ending].match(body):
        raise NoMedia(f"{path} is no {ending} file, whatever its name says.", f"Save it again as {ending}.")
    blobs = [Blob(TYPES[ending], body)]
    transcript = _text(files, f"{name}.txt", f"Write down what is said in {path}, for who cannot hear it, as media/{name}.txt.")
    captions = None
    if TYPES[ending].startswith("video/"):
        said = _text(files, f"{name}.vtt", f"A video has captions: write them as media/{name}.vtt, in the format WebVTT.")
        blobs.append(Blob(CAPTIONS, said.encode()))
        captions = blobs[-1].sha256
        _check_captions(said, f"media/{name}.vtt")
    return Media(
        name=f"{name}.{ending}",
        title=title,
        sha256=blobs[0].sha256,
        media_type=TYPES[ending],
        size=len(body),
        seconds=seconds(body, ending),
        captions=captions,
        transcript=transcript,
    ), tuple(blobs)


def _found(files: Files, name: str, mend: str) -> bytes:
    body = files(name)
    if body is None:
        raise NoMedia(f"There is no media/{name}.", mend)
    return body


def _text(files: Files, name: str, mend: str) -> str:
    body = _found(files, name, mend)
    if len(body) > LONGEST_WORDS:
        raise NoMedia(f"media/{name} is larger than {LONGEST_WORDS // 1024} KiB.", "Keep to what is said.")
    try:
        text = body.decode("utf-8-sig").replace("\r\n", "\n").strip()
    except UnicodeDecodeError:
        raise NoMedia(f"media/{name} is not UTF-8.", "Save it as plain text, in UTF-8.") from None
    if not text or "\x00" in text:
        raise NoMedia(f"media/{name} holds no text.", mend)
    return text


def _check_captions(text: str, path: str) -> None:
    if not re.match(r"WEBVTT(?:[ \t\n]|$)", text):
        raise NoMedia(f"{path} does not begin as captions do.", "Begin with a line WEBVTT and an empty line after it.")
    if not TIMING.search(text):
        raise NoMedia(f"{path} has no caption with its time.", "Write “00:01.000 --> 00:03.500”, and the words under it.")


def seconds(body: bytes, ending: str) -> int | None:
    """How long it lasts, where its head says so; a longer look would need a decoder."""
    match ending:
        case "m4a" | "mp4":
            return _mp4_seconds(body)
        case "mp3":
            return _mp3_seconds(body)
        case _:
            return None


def _mp4_seconds(body: bytes) -> int | None:
    at = body.find(b"mvhd")
    if at < 4 or len(body) < at + 32:
        return None
    wide = body[at + 4] == 1  # version 1 holds times of 64 bits
    scale_at = at + (24 if wide else 16)
    scale = int.from_bytes(body[scale_at : scale_at + 4])
    length = int.from_bytes(body[scale_at + 4 : scale_at + (12 if wide else 8)])
    return -(-length // scale) if scale else None


BITRATES = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)  # kbit/s of MPEG 1 layer 3
BITRATES_2 = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)  # of MPEG 2 and 2.5


def _mp3_seconds(body: bytes) -> int | None:
    """By the bit rate of the first frame, as if all had it."""
    at = 0
    if body[:3] == b"ID3" and len(body) > 10:
        size = body[6:10]
        at = 10 + (size[0] << 21 | size[1] << 14 | size[2] << 7 | size[3])
    if len(body) < at + 4 or body[at] != 0xFF or body[at + 1] & 0xE0 != 0xE0:
        return None
    table = BITRATES if body[at + 1] & 0x18 == 0x18 else BITRATES_2
    rate = table[body[at + 2] >> 4] if body[at + 2] >> 4 < len(table) else 0
    return -(-(len(body) - at) // (rate * 125)) if rate else None


def is_told_in_a_few_words(module: Module, _: Vocabulary) -> Iterator[Broken]:
    for path, _kind, shown in _shown(module):
        if not 2 <= (count := len(words(shown.title))) <= 25:
            what = f"The {shown.kind} is told in {count} {'word' if count == 1 else 'words'}."
            yield Broken(path, what, "Say what it is between ![ and ], in 2 to 25 words.")


def is_over_in_three_minutes(module: Module, _: Vocabulary) -> Iterator[Broken]:
    for path, _kind, shown in _shown(module):
        if shown.seconds and shown.seconds > LONGEST_SECONDS:
            what = f"The {shown.kind} lasts {shown.seconds} seconds, and {LONGEST_SECONDS} are the most."
            yield Broken(path, what, "Cut it to the one moment that shows the skill.")


def leaves_a_branch_alone(module: Module, _: Vocabulary) -> Iterator[Broken]:
    for path, kind, shown in _shown(module):
        if kind == "branch":
            yield Broken(path, f"A branch has no {shown.kind}: there the mentor chooses.", "Move it to a card or an example.")


RULES: tuple[tuple[str, Level, Rule], ...] = (
    ("media", "error", is_told_in_a_few_words),
    ("media", "error", is_over_in_three_minutes),
    ("media", "error", leaves_a_branch_alone),
)


def _shown(module: Module) -> Iterator[tuple[str, CardKind, Media]]:
    for number, card in enumerate(module.cards):
        if card.media:
            yield f"cards.{number}.media", card.kind, card.media

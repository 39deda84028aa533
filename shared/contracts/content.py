"""What content publishes: modules (compacted catalog) and which training a mentor got for a session."""

from typing import Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from shared.contracts.event import Event, Part
from shared.contracts.trigger import Need

TOPIC = "content.events"
CATALOG = "content.catalog"
ItemKind = Literal["single", "multi", "order", "open"]
CardKind = Literal["text", "example", "branch"]
ReasonCode = Literal["activity", "days", "missed", "never_trained", "clearance"]
WhyNot = Literal["locale", "scope", "minutes", "variables", "resting", "worn"]


class Option(Part):
    id: str
    text: str
    right: bool = False
    mistake: str | None = Field(None, description="mistake code of the vocabulary; every wrong option has one")
    why: str = Field(description="the rationale, 6 to 30 words")
    place: int | None = Field(None, description="ordering items: 1 is first")


class Item(Part):
    id: str
    kind: ItemKind
    skill: str
    safety: bool = False
    topic: str = Field(description="at most six words; the heading in the supervisor's brief")
    stem: str = ""
    question: str
    cue: str = Field("", description="what to look for; never the answer")
    options: tuple[Option, ...] = ()
    prompt: str | None = None


class Line(Part):
    """One line of a scene: who speaks, and what."""

    who: Literal["student", "you"]
    text: str


class Branch(Part):
    id: str
    say: str = Field(description="what the mentor could say; the button's words")
    reaction: str = Field(description="what the student does or says then")
    then: str = Field(description="one sentence: what came of it")


class Picture(Part):
    """A line drawing, whole; shown as an image, so that nothing in it acts."""

    name: str = Field(description="of its file, without .svg")
    alt: str = Field(description="what it shows, for who cannot see it; in the module's language")
    svg: str = Field(description="at most 8 KiB")
    width: int = Field(ge=0, le=280, description="CSS pixels")
    height: int = Field(ge=0, le=200, description="CSS pixels")


class Media(Part):
    """Audio or video, named by its hash: GET /media/{sha256} gives the bytes, which travel on no topic."""

    name: str = Field(description="of its file")
    title: str = Field(description="what it is, in the module's language")
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    media_type: str = Field(description="audio/mpeg, audio/mp4, video/mp4, video/webm")
    size: int = Field(ge=1, description="bytes, at most 8 MiB")
    seconds: int | None = Field(None, description="rounded up; None: its head does not say")
    captions: str | None = Field(None, description="sha256 of the WebVTT file; every video has one")
    transcript: str = Field(description="what is said, in the module's language")

    @property
    def kind(self) -> Literal["audio", "video"]:
        return "audio" if self.media_type.startswith("audio/") else "video"


class Card(Part):
    kind: CardKind = "text"
    title: str
    picture: Picture | None = Field(None, description="above the text")
    media: Media | None = Field(None, description="above the text, instead of a picture")
    text: str = Field("", description="Markdown without HTML")
    scene: tuple[Line, ...] = ()
    branches: tuple[Branch, ...] = ()


class Module(Part):
    """One bite-sized training, as authors write it; `{state_hotline}` and the like stay as they are."""

    module_id: str
    locale: str
    skill: str
    title: str
    hook: str = Field(description="the scene that opens the training")
    keep_in_mind: str
    minutes: int = Field(ge=1, le=5)
    scope_level: Literal[1, 2]
    refer_when: str
    reviewed_by: tuple[str, ...] = ()
    reviewed_on: str | None = Field(None, description="ISO date")
    review_due: str | None = Field(None, description="ISO date, at most 12 months later")
    cards: tuple[Card, ...]
    items: tuple[Item, ...]
    prompts: tuple[str, ...] = Field(description="questions a supervisor can say aloud")
    site_variables: tuple[str, ...] = Field((), description="names of the site's data that the text needs")


class _OfModule(Event):
    TOPIC = CATALOG

    module_id: str
    locale: str
    version: int
    status: str

    def key(self) -> str:
        return f"{self.module_id}/{self.locale}@{self.version}"


class ModulePublished(_OfModule):
    TYPE = "content.module_published.v1"

    status: Literal["published"] = "published"
    content_hash: str = Field(description="sha256 of the module's canonical JSON, hex")
    module: Module


class ModuleWithdrawn(_OfModule):
    TYPE = "content.module_withdrawn.v1"

    status: Literal["withdrawn"] = "withdrawn"
    content_hash: str
    module: Module


class ItemCorrected(Event):
    """From which version on a question's key and rationales are right; the newest correction of a version's question stands."""

    TYPE = "content.item_corrected.v1"
    TOPIC = CATALOG

    module_id: str
    locale: str = Field(description="versions count per language, so a correction is of one language")
    version: int = Field(ge=1, description="in which it was wrong")
    corrected_version: int = Field(ge=2)
    item_id: str
    skill: str
    kind: ItemKind
    safety_critical: bool = False
    right: tuple[str, ...] = Field(description="the option ids that are right after it; of an ordering question all, in order")
    mistakes: dict[str, str] = Field(default_factory=dict, description="option id -> its mistake code after it")
    key_changed: bool = Field(description="False: rationales or mistake codes only, so that no result changes")
    reason: str = Field(max_length=200, description="what changed, in the author's words: about the question, never a person")
    corrected_at: AwareDatetime

    @property
    def edition(self) -> str:
        """The catalogue's key of the version that was wrong."""
        return f"{self.module_id}/{self.locale}@{self.version}"

    def key(self) -> str:
        """Not the version's own: in a compacted topic one would replace the other."""
        return f"{self.edition}/{self.item_id}"


class AssignedItem(Part):
    """One question, in the very version and language that is asked."""

    module_id: str
    version: int
    item_id: str
    returning: bool = False
    locale: str | None = Field(None, description="the item's; None: the training's own, else English")


class ModuleRef(Part):
    module_id: str
    version: int


class Reason(Part):
    """Why this training, as a code with its values; assessment says it in words."""

    code: ReasonCode
    activity: str | None = None
    skill: str | None = None
    function: str | None = None
    days: int | None = Field(None, ge=0)


class Candidate(Part):
    """A module for one of the needs, in ranking order, also one that was passed over."""

    module_id: str
    version: int
    score: float = Field(description="the need that it would serve, 0 to about 2")
    probability: float = Field(ge=0, le=1, description="of being chosen whole; 1 or 0 while no experiment runs")
    locale: str | None = Field(None, description="of this version; None: not told")
    why_not: WhyNot | None = Field(
        None,
        description="why it could not be chosen whole: no language the mentor reads, outside the activity's scope, longer than "
        "the site allows, the site's own data missing, shown within seven days, or shown three times",
    )


class TrainingAssigned(Event):
    TYPE = "content.training_assigned.v1"
    TOPIC = TOPIC

    training_id: UUID = Field(description="the request's id")
    session_id: UUID
    mentor_id: UUID
    site_id: str
    starts_at: AwareDatetime
    time_zone: str
    locale: str = Field(description="the language that the training is in; the mentor's own where it exists")
    kind: Literal["module", "recall"]
    module: ModuleRef | None = None
    skill: str | None = Field(None, description="the module's; None for a recall, and where it was assigned before this was told")
    items: tuple[AssignedItem, ...]
    quiz_by: AwareDatetime
    reasons: tuple[Reason, ...]
    candidates: tuple[Candidate, ...] = ()


class TrainingShared(Event):
    """A training that was assigned for another session of the same mentor prepares for this one too."""

    TYPE = "content.training_shared.v1"
    TOPIC = TOPIC

    training_id: UUID
    session_id: UUID
    mentor_id: UUID
    site_id: str
    starts_at: AwareDatetime
    quiz_by: AwareDatetime


class NothingSuitable(Event):
    TYPE = "content.nothing_suitable.v1"
    TOPIC = TOPIC

    request_id: UUID
    session_id: UUID
    mentor_id: UUID
    site_id: str
    needs: tuple[Need, ...] = ()
    reason: str = Field(description="a code: no_module_for_needs, no_known_items, site_variables_missing")
    candidates: tuple[Candidate, ...] = Field((), description="what there was for the needs, each with why it was passed over")


class PersonErasureDone(Event):
    """The receipt: nothing about this mentor is left in content's tables but the id."""

    TYPE = "content.person_erasure_done.v1"
    TOPIC = TOPIC

    mentor_id: UUID

    def whom(self) -> None:
        """A receipt is always taken."""

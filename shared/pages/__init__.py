"""What every page shares: the frames, the icons, the stylesheet, and how times and Markdown are said.

`environment("services.assessment")` finds the frames here and the service's own templates beside its code.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from hashlib import sha256
from importlib.resources import files
from typing import Any, cast

import nh3
from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from markdown_it import MarkdownIt

from shared.pages import times
from shared.pages.languages import ENGLISH, Language
from shared.pages.safeguarding import dial

MARKDOWN = MarkdownIt("commonmark", {"html": False, "typographer": False})
TAGS = {"p", "em", "strong", "ul", "ol", "li", "blockquote", "br", "code"}
KINDS = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}

SAID: Mapping[str, Callable[..., str]] = {
    "clock": times.clock,
    "day": times.day,
    "day_clock": times.day_clock,
    "day_clock_short": times.day_clock_short,
    "date": times.date,
    "long_date": times.long_date,
    "date_clock": times.date_clock,
}


def environment(package: str = "", language: Language = ENGLISH) -> Environment:
    """Pages in this language. Autoescapes everything; a name that a template misspells is an error, not an empty place."""
    own = [PackageLoader(package, "templates")] if package else []
    env = Environment(
        loader=ChoiceLoader([*own, PackageLoader("shared", "pages")]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
        auto_reload=False,  # a page is made of several files, and each would be looked at again for every page
    )
    cast(Any, env).install_gettext_translations(language.texts, newstyle=True)  # the extension adds this method
    env.globals |= _without_context(env)
    env.filters |= {"iso": times.iso, "dial": dial, "markdown": markdown}
    env.filters |= {name: partial(say, language=language) for name, say in SAID.items()}
    env.globals |= {"asset": asset, "lang": language.code}
    env.globals |= {"ic": macros(env, "icons.jinja"), "steps": macros(env, "steps.jinja").steps}
    return env


def macros(env: Environment, template: str) -> Any:
    """What a template of macros alone has, for all pages at once: to import it on each costs a tenth of a page."""
    return env.get_template(template).module


def _without_context(env: Environment) -> dict[str, Callable[..., str]]:
    """The extension's functions as plain ones. They ask for the template's context, of which Jinja makes a copy for each message
    within a block: a seventh of what a page cost. They escape, also where a template is told not to."""
    nowhere = env.from_string("").new_context()
    spoken, counted = (partial(cast(Callable[..., str], env.globals[name]), nowhere) for name in ("gettext", "ngettext"))
    as_it_is = lru_cache(maxsize=2_000)(spoken)

    def gettext(text: str, /, **values: object) -> str:
        return spoken(text, **values) if values else as_it_is(text)

    return {"_": gettext, "gettext": gettext, "ngettext": counted}


@lru_cache(maxsize=2_000)  # the cards and questions in use, at most 60 words each
def markdown(text: str) -> str:
    """Markdown without HTML, then cleaned to the few tags that a card needs. Templates write `|markdown|safe`."""
    return nh3.clean(MARKDOWN.render(text), tags=TAGS, attributes={})


def asset(name: str) -> str:
    """The address of a shared file; the hash of its content lets a browser keep it for ever."""
    return f"/static/{name}?v={assets()[name].version}"


class Asset:
    """A file that every page may use: its bytes, media type, and the first characters of its hash."""

    def __init__(self, body: bytes, media_type: str) -> None:
        self.body = body
        self.media_type = media_type
        self.version = sha256(body).hexdigest()[:12]


@lru_cache(maxsize=1)
def assets() -> dict[str, Asset]:
    found = [(path.name, "." + path.name.rpartition(".")[2], path) for path in files("shared.pages").iterdir()]
    return {name: Asset(path.read_bytes(), KINDS[kind]) for name, kind, path in found if kind in KINDS}

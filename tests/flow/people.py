"""A mentor and a supervisor at their browsers, over HTTP; and what the network's own topics say of them."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import httpx2

from deploy.demo.mentor import Choice as Button
from deploy.demo.mentor import Form, Page, as_shown
from deploy.demo.mentor import Mentor as Walker
from deploy.servers import url_of
from shared.security import Link, mint_link, read_link
from tests.flow import kafka
from tests.flow.commands import jitt, soon
from tests.flow.kafka import Published
from tests.flow.running import eventually
from tests.flow.town import LAKESIDE, Newcomer

OPEN_ANSWER = "I would stay with her, ask her plainly where she is, and bring in a person who can help."
LAST_PAGE = "Done. Talk with your supervisor first"
MISS_RULE = "confident_miss_on_safety_item"


class Learner(Walker):
    """Certain of everything; misses the first safety question, and then `after_miss` happens."""

    def __init__(self, link: str, after_miss: Callable[[], None] = lambda: None) -> None:
        super().__init__(link, self._which, OPEN_ANSWER)
        self.after_miss, self.missed, self.told = after_miss, "", False

    def walk(self, most: int = 40) -> list[str]:
        with self.client:
            return super().walk(most)

    def _which(self, question: str, options: list[str]) -> int:
        misses = not self.missed and any(safety_of(words) for words in options)
        if misses:
            self.missed = question
        return next(index for index, words in enumerate(options) if is_right(words) is not misses)

    def _choose(self, page: Page, form: Form, button: Button) -> httpx2.Response:
        answered = super()._choose(page, form, button)
        if self.missed and not self.told:
            self.told = True
            self.after_miss()
        return answered


class Supervisor:
    """Signed in to the console by the link that an operator prints."""

    def __init__(self, ref: str, site: str = LAKESIDE) -> None:
        headers = {"Accept": "text/html", "Origin": url_of("supervision")}
        self.client = httpx2.Client(base_url=url_of("supervision"), follow_redirects=True, timeout=10, headers=headers)
        entry = self.client.get(jitt("sign-in", "--site", site, "--person", ref).strip())
        form, button = Page(entry.text).form("Sign in to jitt")
        self.client.post(entry.url.join(form.action), data=form.filled(button))

    def leave(self) -> None:
        self.client.close()

    def look(self, path: str, code: int = 200) -> str:
        answer = self.client.get(path)
        assert answer.status_code == code, f"{path} answered {answer.status_code}"
        return answer.text

    def press(self, path: str, words: str, **more: str) -> str:
        """The page that follows a button of the page at `path`."""
        form, button = Page(self.look(path)).form(words)
        answer = self.client.post(form.action, data=form.filled(button, **more))
        assert answer.status_code == 200, answer.text
        return answer.text

    def sees(self, path: str, words: str) -> str:
        """The page, once these words stand on it."""
        return eventually(lambda: page if words in (page := self.look(path)) else "", f"{path} says “{words}”")


def link_of(mentor: Newcomer) -> str:
    """As soon as the training is assigned and its page, which says so until then, is no longer being prepared."""
    link = soon("link", "--site", mentor.site, "--mentor", mentor.ref).strip()
    eventually(lambda: "Start the training" in httpx2.get(link, timeout=10).text, f"{mentor.name} can start")
    return link


def ask_for_new_link(mentor: Newcomer) -> str:
    """On the page of the link to the newest training, as it is once that link has expired; the page afterwards."""
    opens = read_link(soon("link", "--site", mentor.site, "--mentor", mentor.ref).strip().rpartition("/")[2], datetime.now(UTC))
    assert isinstance(opens, Link)
    expired = f"{url_of('assessment')}/t/{mint_link(opens, datetime.now(UTC) - timedelta(seconds=1))}"
    form, _ = Page(httpx2.get(expired, timeout=10).text).form("Send me a new link")
    return httpx2.post(f"{url_of('assessment')}{form.action}", follow_redirects=True, timeout=10).text


def said(topic: str, type: str, mentor: Newcomer) -> list[dict[str, Any]]:
    """Every event of that type about the mentor since the network began, each once."""
    found: dict[str, Published] = {}
    for one in kafka.read(topic):
        if one.type == type and one.data["mentor_id"] == str(mentor.id):
            found.setdefault(one.id, one)
    return [one.data for one in found.values()]


def heard(topic: str, type: str, mentor: Newcomer) -> list[dict[str, Any]]:
    """The same, once there is any."""
    return eventually(lambda: said(topic, type, mentor), f"{type} about {mentor.name}")


def brief_of(mentor: Newcomer) -> str:
    """Its address, once it is ready."""
    [ready] = heard("supervision.events", "supervision.brief_ready.v1", mentor)
    return f"/briefs/{ready['training_id']}"


def is_right(option: str) -> bool:
    return _option(option)[0]


def safety_of(option: str) -> bool:
    return _option(option)[1]


def _option(words: str) -> tuple[bool, bool]:
    known = options()
    return known[words] if words in known else next(said for text, said in known.items() if as_shown(text).fullmatch(words))


@cache
def options() -> dict[str, tuple[bool, bool]]:
    """Of every option in the library, by its words: is it right, and is its question about safety?"""
    modules = httpx2.get(f"{url_of('content')}/v1/modules", timeout=10).json()
    found: dict[str, tuple[bool, bool]] = {}
    for listed in modules:
        named = {"locale": listed["locale"]}
        module = httpx2.get(f"{url_of('content')}/v1/modules/{listed['module_id']}", params=named, timeout=10).json()["module"]
        found |= {option["text"]: (option["right"], item["safety"]) for item in module["items"] for option in item["options"]}
    return found

"""A mentor at a browser: reads pages, fills in forms, presses buttons. Plain HTML over HTTP, no JavaScript."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from html.parser import HTMLParser

import httpx2


@dataclass(slots=True)
class Choice:
    name: str
    value: str
    words: str = ""


@dataclass(slots=True)
class Form:
    action: str
    method: str
    hidden: dict[str, str] = field(default_factory=dict)
    choices: list[Choice] = field(default_factory=list)
    buttons: list[Choice] = field(default_factory=list)
    textareas: list[str] = field(default_factory=list)

    def filled(self, button: Choice, **more: str) -> dict[str, str]:
        return self.hidden | more | ({button.name: button.value} if button.name else {})


class Page(HTMLParser):
    """The parts of a page that a mentor uses."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.links: list[Choice] = []
        self.heading = ""
        self._open: list[str] = []
        self._words: Choice | None = None
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self._open.append(tag)
        if tag == "form":
            self.forms.append(Form(values.get("action", ""), values.get("method", "get")))
        elif tag == "a":
            self._words = Choice("", values.get("href", ""))
            self.links.append(self._words)
        elif self.forms:
            self._field(self.forms[-1], tag, values)

    def _field(self, form: Form, tag: str, values: dict[str, str]) -> None:
        kind = values.get("type")
        if tag == "input" and kind == "hidden":
            form.hidden[values["name"]] = values.get("value", "")
        elif tag == "input" and kind in ("radio", "checkbox"):
            self._words = Choice(values["name"], values.get("value", ""))
            form.choices.append(self._words)
        elif tag == "button":
            self._words = Choice(values.get("name", ""), values.get("value", ""))
            if "hidden" not in values:
                form.buttons.append(self._words)
        elif tag == "textarea":
            form.textareas.append(values["name"])

    def handle_endtag(self, tag: str) -> None:
        if tag in ("a", "button", "label"):
            self._words = None
        while self._open and self._open.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if self._words is not None:
            self._words.words = f"{self._words.words} {data.strip()}".strip()
        if "h1" in self._open:
            self.heading = f"{self.heading} {data.strip()}".strip()

    def form(self, button: str) -> tuple[Form, Choice]:
        """The form that has a button with these words."""
        for form in self.forms:
            for choice in form.buttons:
                if button in choice.words:
                    return form, choice
        raise LookupError(f"“{self.heading}” has no button “{button}”")


def as_shown(text: str) -> re.Pattern[str]:
    """The words of a module as a page shows them: a site's own numbers stand where the module names them."""
    return re.compile(re.sub(r"\\\{\w+\\\}", ".+", re.escape(text)))


Answer = Callable[[str, list[str]], int]  # (question, the options' words) -> which one


class Mentor:
    """Walks through a training by its link. `answer` chooses; always certain; a miss is not tried again."""

    def __init__(self, link: str, answer: Answer, words: str) -> None:
        self.client = httpx2.Client(follow_redirects=True, timeout=10)
        self.link, self.answer, self.words = link, answer, words
        self.seen: list[str] = []  # headings, in order

    def walk(self, most: int = 40) -> list[str]:
        """From the link to the last page; the headings of all pages. Raises RuntimeError when it does not get there."""
        page = self._look(self.client.get(self.link))
        for _ in range(most):
            following = self._step(page)
            if following is None:
                return self.seen
            page = self._look(following)
        raise RuntimeError(f"no end after {most} pages: {self.seen[-3:]}")

    def _look(self, response: httpx2.Response) -> Page:
        if response.status_code != 200:
            raise RuntimeError(f"{response.request.url.path[:20]} answered {response.status_code}")
        page = Page(response.text)
        self.seen.append(page.heading)
        self.here = response.url
        return page

    def _step(self, page: Page) -> httpx2.Response | None:
        for words, do in (("Start the training", self._press), ("Go on", self._press), ("Certain", self._choose),
                          ("Show me the answer", self._press), ("Send to my supervisor", self._write),
                          ("Next", self._press), ("Go to the questions", self._press), ("Skip to the", self._press)):
            try:
                form, button = page.form(words)
            except LookupError:
                continue
            return do(page, form, button)
        following = [link for link in page.links if link.words in ("Next", "Go on")]
        return self.client.get(self.here.join(following[0].value)) if following else None

    def _press(self, _: Page, form: Form, button: Choice) -> httpx2.Response:
        return self.client.post(self.here.join(form.action), data=form.filled(button))

    def _choose(self, page: Page, form: Form, button: Choice) -> httpx2.Response:
        which = form.choices[self.answer(page.heading, [choice.words for choice in form.choices])]
        return self.client.post(self.here.join(form.action), data=form.filled(button, **{which.name: which.value}))

    def _write(self, _: Page, form: Form, button: Choice) -> httpx2.Response:
        return self.client.post(self.here.join(form.action), data=form.filled(button, **{form.textareas[0]: self.words}))

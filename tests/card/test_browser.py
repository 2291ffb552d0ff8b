"""The card in a real browser, opened from disk as people open it."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
from dataclasses import replace

import pytest
from sklearn.datasets import load_diabetes
from sklearn.linear_model import LinearRegression

_SCHEMES = ("light", "dark")
_WIDTHS = (390, 1280)
# How far text stands out from the page, by the formula of the WCAG.
_FAINTEST_TEXT = """
(() => {
  const light = colour => colour.match(/[\\d.]+/g).slice(0, 3).map(Number).map(value => value / 255)
    .map(value => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4)
    .reduce((sum, value, at) => sum + value * [0.2126, 0.7152, 0.0722][at], 0);
  const paper = light(getComputedStyle(document.body).backgroundColor);
  const contrasts = [...document.querySelectorAll("h1, h2, p, th, td, dt, dd, a, span, strong, svg text")].map(element => {
    const style = getComputedStyle(element);
    const ink = light(element.closest("svg") ? style.fill : style.color);
    return (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05);
  });
  return Math.min(...contrasts);
})()
"""
_SMALLEST_DRAWN_TEXT = """
Math.min(...[...document.querySelectorAll("svg text")].map(text =>
  parseFloat(getComputedStyle(text).fontSize) * text.closest("svg").clientWidth / text.closest("svg").viewBox.baseVal.width))
"""
# Texts of which more than a point stands outside their figure, where it is cut off.
_CUT_OFF = """
[...document.querySelectorAll("svg text")].filter(text => {
  const [drawn, figure] = [text.getBoundingClientRect(), text.closest("svg").getBoundingClientRect()];
  return drawn.left < figure.left - 1 || drawn.right > figure.right + 1
    || drawn.top < figure.top - 1 || drawn.bottom > figure.bottom + 1;
}).map(text => text.textContent)
"""


class Browser:
    """A headless Chromium, spoken to over two pipes."""

    def __init__(self, commands: int, answers: int) -> None:
        self._commands = os.fdopen(commands, "wb", buffering=0)
        self._answers = os.fdopen(answers, "rb")
        self._asked = 0
        self._session: str | None = None
        self.events: list[dict] = []
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Log", "Runtime"):
            self.ask(f"{domain}.enable")

    def ask(self, method: str, **params) -> dict:
        self._asked += 1
        message = {"id": self._asked, "method": method, "params": params}
        message |= {"sessionId": self._session} if self._session else {}
        self._commands.write(json.dumps(message).encode() + b"\0")
        while (answer := self._read()).get("id") != self._asked:
            self.events.append(answer)
        assert "error" not in answer, answer
        return answer["result"]

    def open(self, url: str) -> None:
        self.events.clear()
        self.ask("Page.navigate", url=url)
        while not any(event["method"] == "Page.loadEventFired" for event in self.events):
            self.events.append(self._read())

    def look(self, width: int, scheme: str) -> None:
        self.ask(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=900,
            deviceScaleFactor=1,
            mobile=width < 500,
        )
        self.ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def evaluate(self, expression: str):
        return self.ask("Runtime.evaluate", expression=expression, returnByValue=True)["result"]["value"]

    def close(self) -> None:
        self._commands.close()
        self._answers.close()

    def _read(self) -> dict:
        message = bytearray()
        while (letter := self._answers.read(1)) != b"\0":
            assert letter, "the browser has gone away"
            message += letter
        return json.loads(message)


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    program = shutil.which("chromium")
    if program is None and not os.environ.get("CI"):
        pytest.skip("needs Chromium")
    assert program, "CI has to install Chromium"
    (from_us, to_browser), (from_browser, to_us) = os.pipe(), os.pipe()
    # Chromium reads commands on 3 and answers on 4.
    line = f'exec 5<&{from_us} 6>&{to_us}; exec "$0" "$@" 3<&5 4>&6'
    flags = [
        "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
        f"--user-data-dir={tmp_path_factory.mktemp('chromium')}", "--remote-debugging-pipe", "about:blank",
    ]  # fmt: skip
    process = subprocess.Popen(
        ["bash", "-c", line, program, *flags], pass_fds=(from_us, to_us), stderr=subprocess.DEVNULL
    )
    os.close(from_us)
    os.close(to_us)
    browser = Browser(to_browser, from_browser)
    try:
        yield browser
    finally:
        with contextlib.suppress(AssertionError, OSError):
            browser._session = None
            browser.ask("Browser.close")
        browser.close()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@pytest.fixture(scope="module")
def foreign_names(make_case):
    """Columns named at length in letters that the font which figures are laid out by lacks."""
    table = load_diabetes(as_frame=True).frame
    names = {"s5": "\N{HANGUL SYLLABLE HAN}" * 60, "bmi": "\N{THAI CHARACTER KO KAI}" * 60, "bp": "W" * 60}
    return make_case(table.rename(columns=names), "target", LinearRegression())


@pytest.fixture(params=["regression", "binary", "multi_class", "metrics_only", "foreign_names"])
def page(request, write):
    case = request.getfixturevalue(request.param)
    long_named = {"neg_negative_likelihood_ratio": -0.998, "average_precision": 0.5155}
    case = case.with_manifest(metrics=case.manifest["metrics"] | long_named)
    return write(replace(case, history=(case.manifest,) * 2))


def test_it_opens_without_a_complaint_and_fetches_nothing(browser, page):
    browser.open(page.path.as_uri())
    asked = [
        event["params"]["request"]["url"]
        for event in browser.events
        if event["method"] == "Network.requestWillBeSent"
    ]
    complaints = [
        event
        for event in browser.events
        if event["method"] in ("Log.entryAdded", "Runtime.consoleAPICalled", "Runtime.exceptionThrown")
    ]
    assert asked == [page.path.as_uri()]
    assert complaints == []


def test_the_page_itself_forbids_to_fetch(browser, tmp_path, page):
    """Even what slipped through the escaping could not call out."""
    spoilt = tmp_path / "spoilt.html"
    spoilt.write_text(page.source.replace("<main>", '<main><img src="http://127.0.0.1:9/x.png">'))
    browser.open(spoilt.as_uri())
    assert browser.evaluate("document.images[0].naturalWidth") == 0
    complaints = [event["params"]["entry"] for event in browser.events if event["method"] == "Log.entryAdded"]
    assert any("Content Security Policy" in complaint["text"] for complaint in complaints)


@pytest.mark.parametrize("scheme", _SCHEMES)
@pytest.mark.parametrize("width", _WIDTHS)
def test_it_fits_the_width_and_can_be_read(browser, page, width, scheme):
    browser.open(page.path.as_uri())
    browser.look(width, scheme)
    assert browser.evaluate("innerWidth") == width
    assert browser.evaluate("document.documentElement.scrollWidth") <= width
    assert browser.evaluate(_FAINTEST_TEXT) >= 4.5
    if "<svg" in page.source:
        assert browser.evaluate(_SMALLEST_DRAWN_TEXT) >= 7
        assert browser.evaluate(_CUT_OFF) == []


def test_a_phone_shows_metrics_gates_and_classes_without_scrolling_sideways(
    browser, regression, multi_class, write
):
    for case in (regression, multi_class):
        browser.open(write(case).path.as_uri())
        browser.look(390, "light")
        wide = browser.evaluate("""
          [...document.querySelectorAll("#metrics .scroll, #gates .scroll, #predictions .scroll")]
            .filter(region => region.scrollWidth > region.clientWidth).map(region => region.textContent)
        """)
        assert wide == []


def test_the_scheme_changes_the_figures_too(browser, binary, write):
    browser.open(write(binary).path.as_uri())
    fills = []
    for scheme in _SCHEMES:
        browser.look(1280, scheme)
        fills.append(browser.evaluate("getComputedStyle(document.querySelector('svg text')).fill"))
    assert fills[0] != fills[1]

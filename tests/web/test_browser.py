"""The pages in a real browser, inside Airflow's own: by an admin, by somebody who may read one DAG, and by nobody."""

from __future__ import annotations

import shutil
from itertools import product

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

from tests.web.conftest import BELOW, days_ago, password_of, run_of

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = [pytest.mark.slow, pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")]

# Airflow's own choice for its frame, what the browser says of the script in a card, and axe, which talks to all frames.
EXPECTED = ("allow-scripts and allow-same-origin", "Blocked script execution in", "execute 'postMessage'")
RUN_ID = run_of(days_ago(5))
RUN = f"/dags/churn/runs/{RUN_ID}"
VIEWS = {
    "models": "/plugin/models",
    "dag": "/dags/churn/plugin/model",
    "run": f"{RUN}/plugin/run-model",
    "task": f"{RUN}/tasks/upload_model/plugin/task-model",
    # Airflow repeats in its own address what is open in its frame.
    "compare": f"/plugin/models{BELOW}/refinery/dags/churn/compare?v={days_ago(1)}/&v={days_ago(2)}/",
}
# What Airflow's UI does if its theme is chosen in another window.
CHOOSE_THEME = "theme => dispatchEvent(new StorageEvent('storage', { key: 'theme', newValue: theme }))"
SERIOUS_FAULTS = """async () => (await axe.run({ resultTypes: ["violations"] })).violations
    .filter(found => ["serious", "critical"].includes(found.impact)).map(found => found.id)"""


@pytest.fixture(scope="module")
def browser(site):
    site.make_run("churn", RUN_ID, days_ago(5))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def context_of(site, browser):
    """Return the windows of a user who has logged in: what one has loaded of Airflow's UI, the next need not."""
    contexts = {}

    def context_of(user, system):
        if (user, system) not in contexts:
            contexts[user, system] = context = browser.new_context(color_scheme=system)
            token = site.session(user).cookies["_token"]
            context.add_cookies([{"name": "_token", "value": token, "url": site.url}])
        return contexts[user, system]

    return context_of


@pytest.fixture
def open_view(site, context_of):
    """Open a page of Airflow as a user, and return ours inside it; what went wrong is checked at the end."""
    faults, pages = [], []

    def is_foreign(made):
        return not made.url.startswith((site.url, "data:", "blob:"))

    def open_view(path, *, user="root", theme="light", width=1440, system="light"):
        page = context_of(user, system).new_page()
        pages.append(page)
        page.set_viewport_size({"width": width, "height": 900})
        page.add_init_script(f"try {{ localStorage.setItem('theme', '{theme}') }} catch {{}}")
        page.on("console", lambda said: said.type in ("error", "warning") and faults.append(said.text))
        page.on("request", lambda made: is_foreign(made) and faults.append(made.url))
        page.goto(f"{site.url}{path}")
        page.frame_locator("iframe").locator("h1").wait_for(timeout=60_000)
        return page, next(frame for frame in page.frames if frame.parent_frame == page.main_frame)

    yield open_view
    for page in pages:
        page.close()
    assert [fault for fault in faults if not any(words in fault for words in EXPECTED)] == []


@pytest.mark.parametrize("user", ["root", "churn_viewer"])
@pytest.mark.parametrize("view", VIEWS)
def test_each_view_is_sound_in_each_theme_and_width(open_view, view, user):
    page, frame = open_view(VIEWS[view], user=user)
    for theme, width in product(("light", "dark"), (390, 1440)):
        page.set_viewport_size({"width": width, "height": 900})
        page.evaluate(CHOOSE_THEME, theme)
        frame.locator(f"html[data-theme={theme}]").wait_for(state="attached")
        assert frame.evaluate("getComputedStyle(document.documentElement).colorScheme") == theme
        # Only tables and figures may be wider than the page, in regions of their own.
        assert frame.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
        assert serious_faults(frame) == []


def serious_faults(frame):
    if not frame.evaluate("'axe' in window"):
        frame.evaluate(Axe().axe_script)
    return frame.evaluate(SERIOUS_FAULTS)


def test_nobody_sees_a_view_before_logging_in(site, browser):
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(f"{site.url}{VIEWS['dag']}")
        page.wait_for_url("**/auth/login/**")
        assert page.frames == [page.main_frame]
        assert "churn" not in page.locator("body").inner_text()
        page.locator("#username").fill("churn_viewer")
        page.locator("#password").fill(password_of("churn_viewer"))
        page.locator("[type=submit]").click()
        page.frame_locator("iframe").get_by_role("heading", name="Versions").wait_for(timeout=60_000)


def test_from_all_models_to_one_and_to_its_comparison(open_view):
    page, frame = open_view("/plugin/models")
    frame.get_by_role("searchbox").fill("churn")
    frame.get_by_role("button", name="Apply").click()
    frame.get_by_role("link", name="churn", exact=True).click()
    frame.get_by_role("heading", name="Versions").wait_for()
    for days in (1, 2):
        frame.get_by_label(f"Compare {days_ago(days)}").check()
    frame.get_by_role("button", name="Compare two").click()
    frame.get_by_role("heading", name=f"{days_ago(2)} and {days_ago(1)}").wait_for()
    assert serious_faults(frame) == []
    page.goto(page.url)  # Airflow's address can be shared
    shared = page.frame_locator("iframe").get_by_role("heading", name=f"{days_ago(2)} and {days_ago(1)}")
    shared.wait_for(timeout=60_000)


def test_a_card_runs_no_script(open_view):
    page, frame = open_view("/dags/churn/plugin/model")
    frame.locator("iframe.card").scroll_into_view_if_needed()
    card = frame.frame_locator("iframe.card").get_by_role("heading", name="The card")
    card.wait_for()
    assert "taken" not in page.title()
    assert frame.title() != "taken"


def test_a_card_follows_airflows_theme_and_not_the_systems(open_view):
    # The browser's own choice is light; one that the test made would hold in every frame.
    page, frame = open_view("/dags/churn/plugin/model", theme="dark", system="null")
    frame.locator("iframe.card").scroll_into_view_if_needed()
    frame.frame_locator("iframe.card").get_by_role("heading", name="The card").wait_for()
    is_dark = "matchMedia('(prefers-color-scheme: dark)').matches"
    assert not page.evaluate(is_dark)
    assert page.frames[-1].evaluate(is_dark)


def test_a_narrow_window_offers_the_full_page(open_view):
    page, frame = open_view("/dags/churn/plugin/model", width=390)
    frame.get_by_role("link", name="Open full page").click()
    page.wait_for_url("**/refinery/dags/churn")
    page.get_by_role("heading", name="Versions").wait_for()
    assert not page.get_by_role("link", name="Open full page").is_visible()
    _, frame = open_view("/dags/churn/plugin/model")
    assert not frame.get_by_role("link", name="Open full page").is_visible()


def test_the_manifest_of_a_model_is_shown_as_text(open_view):
    page, frame = open_view("/dags/churn/plugin/model")
    frame.get_by_role("link", name="Manifest").click()
    page.wait_for_url("**/manifest?**")
    assert '"metrics"' in page.locator("body").inner_text()


def test_a_link_to_airflow_leaves_the_frame(open_view):
    page, frame = open_view("/plugin/models")
    frame.get_by_role("link", name="churn", exact=True).click()
    frame.get_by_role("link", name="DAG in Airflow").click()
    page.wait_for_url("**/dags/churn**")


def test_who_may_read_one_dag_finds_that_one(open_view):
    _, frame = open_view("/plugin/models", user="churn_viewer")
    assert frame.get_by_role("row").count() == 2
    frame.get_by_role("link", name="churn", exact=True).click()
    frame.get_by_role("heading", name="Versions").wait_for()
    assert frame.get_by_role("button", name="Roll back").count() == 0


@pytest.mark.usefixtures("kept_latest")
def test_an_editor_promotes_inside_airflow(open_view):
    _, frame = open_view("/dags/churn/plugin/model", user="churn_editor")
    form = frame.locator("form", has=frame.get_by_role("heading", name="Promote"))
    form.get_by_label("Model").select_option(days_ago(4))
    form.get_by_label("Reason").fill("tried in a browser")
    form.get_by_role("button", name="Promote").click()
    frame.get_by_text("is now the latest model").wait_for()
    frame.get_by_text("tried in a browser").first.wait_for()

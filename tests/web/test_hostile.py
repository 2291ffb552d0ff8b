"""A hostile project: an S3 that is slow, forbidden or gone, texts that are markup, and more of everything than anybody reads."""

from __future__ import annotations

import html
import re
import time

import pytest

from refinery.web.guards import make_token
from tests.web.conftest import CARD, HOSTILE, SECRET_KEY, days_ago, run_of

pytestmark = pytest.mark.slow

DAGS = "/refinery/dags"
AWAY = "cannot be reached, or did not answer in time|was not read "
# Of any page, in seconds and bytes.
LONGEST, LARGEST = 12, 600_000


@pytest.fixture(scope="module")
def ask(site):
    """Ask for a page as root, or send a form; no answer takes long, is large or holds markup of a user."""

    def ask(path, status=200, **form):
        started = time.monotonic()
        path = f"{DAGS}/{path}"
        if form:
            dag_id = path.split("/")[3]
            form |= {"reason": "x", "proof": make_token(SECRET_KEY, site.user_id("root"), dag_id)}
            answer = site.post("root", path, data=form, headers={"Sec-Fetch-Site": "same-origin"})
        else:
            answer = site.get("root", path)
        assert time.monotonic() - started < LONGEST
        assert len(answer.content) < LARGEST
        assert HOSTILE not in answer.text
        assert answer.status_code == status, answer.text
        return answer.text

    return ask


@pytest.fixture(scope="module")
def make_run(site):
    """Make a run, and return its page."""

    def make(dag_id, run_id, date, **conf):
        site.make_run(dag_id, run_id, date, **conf)
        return f"{dag_id}/runs/{run_id}"

    return make


@pytest.mark.parametrize(
    ("pipeline", "sentence"), [("slow", AWAY), ("away", AWAY), ("forbidden", "was denied")]
)
class TestStorage:
    """Each page says soon what it could not reach."""

    def test_the_versions(self, ask, pipeline, sentence):
        page = ask(f"team_a.{pipeline}")
        if "still being read from S3" in page:
            time.sleep(5)
            page = ask(f"team_a.{pipeline}")
        assert re.search(sentence, page)

    @pytest.mark.parametrize("path", ["card?v={0}", "manifest?v={0}", "compare?v={0}&v={0}"])
    def test_a_card_and_a_comparison(self, ask, pipeline, sentence, path):
        assert re.search(sentence, ask(f"team_a.{pipeline}/{path.format('2026-01-31/')}", 502))

    def test_a_run(self, ask, make_run, pipeline, sentence):
        assert re.search(sentence, ask(make_run(f"team_a.{pipeline}", "manual__1", days_ago(1))))

    @pytest.mark.parametrize("form", ["promote", "rollback"])
    def test_a_change(self, ask, pipeline, sentence, form):
        assert re.search(sentence, ask(f"team_a.{pipeline}/{form}", 502, version="2026-01-31"))


class TestTexts:
    """What a manifest holds is text, cut where there is too much of it."""

    def test_the_versions(self, ask):
        page = ask("team_a.hostile")
        assert page.count(f"<small>{html.escape(HOSTILE)}") == 2
        assert ">Latest<" in page

    def test_a_comparison(self, ask):
        page = ask(f"team_a.hostile/compare?v={days_ago(1)}/&v={days_ago(2)}/")
        assert "And 2,800 more." in page
        assert f'<span class="added">+1{html.escape(HOSTILE)}' in page

    def test_a_run(self, ask, make_run):
        page = ask(make_run("team_a.hostile", run_of(days_ago(1)), days_ago(1)))
        assert "And 2,800 more metrics." in page
        assert "And 2,950 more." in page

    def test_a_file_that_is_far_too_large_is_not_read(self, ask):
        assert "is larger than Refinery writes such files" in ask(
            f"team_a.garbage/manifest?v={days_ago(4)}/", 502
        )
        assert "is larger than Refinery writes such files" in ask("team_a.garbage")

    def test_a_large_card(self, site):
        card = site.get("root", f"{DAGS}/team_a.hostile/card?v={days_ago(1)}/")
        assert card.content.startswith(CARD)
        assert len(card.content) > 5_000_000


class TestManyVersions:
    @pytest.mark.parametrize(
        ("query", "shown"), [("", 30), ("?count=-1", 30), ("?count=300", 300), ("?count=1000000000", 300)]
    )
    def test_the_newest_are_listed(self, ask, query, shown):
        page = ask(f"team_a.many{query}")
        for _ in range(20):
            if "data-pending" not in page:
                break
            time.sleep(0.5)
            page = ask(f"team_a.many{query}")
        assert page.count('<th scope="row">') == shown

    def test_one_that_is_not_there_is_not_promoted(self, ask):
        assert "holds no model" in ask("team_a.many/promote", 502, version="none")


class TestModelsOfOthers:
    """A prefix below which models of other DAGs lie shows and changes none of them."""

    CHURN = f"churn/{days_ago(1)}/"
    REPORT = f"churn/{days_ago(0)}/rejected/manual__{days_ago(0)}/"

    @pytest.mark.parametrize(
        "path",
        [
            f"team_a.anywhere/card?v={CHURN}",
            f"team_a.anywhere/manifest?v={CHURN}",
            f"team_a.anywhere/card?v={REPORT}",
            f"team_a.anywhere/compare?v={CHURN}&v={CHURN}",
            f"team_a.chosen/card?p.name=secret&v={days_ago(1)}/",
            f"team_a.chosen/compare?p.name=secret&v={days_ago(1)}/&v={days_ago(2)}/",
        ],
    )
    def test_none_is_read(self, ask, path):
        assert "no such model" in ask(path, 404)

    @pytest.mark.parametrize("path", ["team_a.anywhere", "team_a.chosen?p.name=secret"])
    def test_none_is_listed(self, ask, path):
        page = ask(path)
        assert "No model has been promoted yet." in page
        assert "mae" not in page

    def test_a_run_with_the_id_of_one_of_theirs_shows_none(self, ask, make_run):
        page = ask(make_run("team_a.chosen", run_of(days_ago(4)), days_ago(4), name="secret"))
        assert "mae" not in page

    @pytest.mark.parametrize("form", ["promote", "rollback"])
    def test_none_is_changed(self, site, ask, form):
        place = {"Bucket": "models", "Key": "apart/secret/latest.json"}
        before = site.client().get_object(**place)["Body"].read()
        ask(f"team_a.chosen/{form}?p.name=secret", 404, version=days_ago(3))
        assert site.client().get_object(**place)["Body"].read() == before

"""A model's card on the command line."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from refinery.local.object_store import ObjectStore
from refinery.registry import ModelSeries, promote_if_newer

SERIES = ModelSeries.of_output("s3://models/churn/{{ ds }}/")


@pytest.fixture
def put_model(refinery):
    """Put a promoted model of a date with its files."""
    refinery.write("configs/churn.yml")

    def put(date: str, **files: bytes) -> Path:
        with ObjectStore(refinery.root) as store:
            client, prefix = store.client(), SERIES.prefix_of(date)
            listed = {
                name: {"sha256": hashlib.sha256(content).hexdigest()} for name, content in files.items()
            }
            manifest = {"created_at": f"{date}T00:00:00+00:00", "metrics": {}, "files": listed}
            for name, content in {**files, "manifest.json": json.dumps(manifest).encode()}.items():
                client.put_object(Bucket=prefix.bucket, Key=prefix.key + name, Body=content)
            promote_if_newer(SERIES, prefix, by="a run", client=client)
        return refinery.root / ".local/s3/models/churn" / date

    return put


@pytest.fixture
def carded(put_model):
    """Two models with cards."""
    for date in ("2026-01-30", "2026-01-31"):
        folder = put_model(
            date, **{"card.html": f"<p>{date}".encode(), "card.md": f"## caf\u00e9 {date}\n".encode()}
        )
    return folder


@pytest.mark.parametrize(("arguments", "date"), [((), "2026-01-31"), (("2026-01-30",), "2026-01-30")])
def test_without_a_display_the_path_of_the_card_is_printed(refinery, carded, arguments, date):
    done = refinery("card", "churn", *arguments, DISPLAY="", WAYLAND_DISPLAY="", BROWSER="")
    card = Path(done.stdout.strip())
    assert card == refinery.root / f".local/cards/churn-{date}.html"
    assert card.read_text() == f"<p>{date}"
    assert card.parent.stat().st_mode & 0o777 == 0o700


def test_with_a_browser_it_is_opened(refinery, carded, tmp_path):
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > {tmp_path}/opened\n')
    browser.chmod(0o755)
    done = refinery("card", "churn", BROWSER=f"{browser} %s")
    assert (tmp_path / "opened").read_text().strip() == Path(done.stdout.strip()).as_uri()


def test_it_goes_to_a_file_of_one_s_own(refinery, carded):
    done = refinery("card", "churn", "--out", "mine.html", BROWSER="false")
    assert (done.returncode, done.stdout, refinery.read("mine.html")) == (0, "", "<p>2026-01-31")
    assert not (refinery.root / ".local/cards").exists()


def test_the_short_form_is_printed(refinery, carded):
    assert refinery("card", "churn", "2026-01-30", "--md").stdout == "## caf\u00e9 2026-01-30\n"


@pytest.fixture
def rejected(refinery, put_model):
    """Reports on rejected models of two dates."""
    for date in ("2026-01-30", "2026-01-31"):
        card = f"<p>{date} was not good enough".encode()
        manifest = {"created_at": date, "files": {"card.html": {"sha256": hashlib.sha256(card).hexdigest()}}}
        with ObjectStore(refinery.root) as store:
            for name, content in {"card.html": card, "manifest.json": json.dumps(manifest).encode()}.items():
                key = f"churn/{date}/rejected/manual__x/{name}"
                store.client().put_object(Bucket="models", Key=key, Body=content)


@pytest.mark.parametrize(("arguments", "date"), [((), "2026-01-31"), (("2026-01-30",), "2026-01-30")])
def test_the_card_of_a_rejected_model_is_asked_for_by_name(refinery, rejected, arguments, date):
    done = refinery("card", "churn", *arguments, "--rejected", DISPLAY="", WAYLAND_DISPLAY="", BROWSER="")
    card = Path(done.stdout.strip())
    assert card.name == f"churn-{date}-rejected-manual__x.html"
    assert card.read_text() == f"<p>{date} was not good enough"


def test_where_no_model_was_rejected_it_says_so(refinery, carded):
    done = refinery("card", "churn", "2026-01-31", "--rejected")
    assert done.returncode == 1
    assert done.stderr == (
        "s3://models/churn/ holds no report on a rejected model of 2026-01-31: every model passed its gates, or has none.\n"
    )


def test_a_model_without_a_card_says_so(refinery, put_model):
    put_model("2026-01-31", **{"model.pkl": b""})
    done = refinery("card", "churn")
    assert done.returncode == 1
    assert done.stderr == (
        "The model s3://models/churn/2026-01-31/ has no card: its run did not write card.html. "
        "Unless the config says card: false, run its date again.\n"
    )


def test_a_card_that_was_deleted_is_reported_apart(refinery, carded):
    (carded / "card.html").unlink()
    assert "but the file is not there anymore" in refinery("card", "churn").stderr


def test_a_card_that_was_changed_is_not_opened(refinery, carded):
    with ObjectStore(refinery.root) as store:
        store.client().put_object(Bucket="models", Key="churn/2026-01-31/card.html", Body=b"<p>forged")
    done = refinery("card", "churn")
    assert done.returncode == 1
    assert "card.html is not the card that its model's manifest lists" in done.stderr
    assert not (refinery.root / ".local/cards").exists()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("churn",), "no model has been promoted yet"),
        (("churn", "2026-01-31"), 's3://models/churn/ holds no model "2026-01-31"; no model is there yet.'),
        (("chrun",), 'There is no pipeline "chrun"; did you mean "churn"?'),
    ],
)
def test_where_there_is_no_model_it_says_so(refinery, arguments, sentence):
    refinery.write("configs/churn.yml")
    refinery.write(".local/s3/models/keep", "")
    done = refinery("card", *arguments)
    assert (done.returncode, done.stdout) == (1, "")
    assert sentence in done.stderr

"""Trains small models, writes their cards and reads them as a browser would."""

from __future__ import annotations

from dataclasses import dataclass, replace
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes, load_wine
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from refinery.card import write_card
from refinery.training import profile_table

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from refinery.spec.table_profile import TableProfile

CONFIG = "source: s3://datasets/measured.csv\nmodel: sklearn.linear_model.Ridge\noutput: s3://models/measured/{{ ds }}/\n"


@dataclass(frozen=True)
class HeldOut:
    """The shape that training hands over."""

    features: Any
    actual: Any
    predicted: Any
    scores: Any
    classes: Any
    task: str
    weights: Any = None


@dataclass(frozen=True)
class Case:
    """All that a card is made of."""

    model: Any
    manifest: dict[str, Any]
    held_out: HeldOut | None
    table_profile: TableProfile | None
    history: tuple[dict[str, Any], ...] = ()

    def with_manifest(self, **sections) -> Case:
        """The same with other sections in the manifest; None takes one away."""
        manifest = {name: value for name, value in (self.manifest | sections).items() if value is not None}
        return replace(self, manifest=manifest)


class Page(HTMLParser):
    """A page's headings, ids, links and text, as written in it."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self.source = path.read_text("utf-8")
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.headings: list[str] = []
        self._open = ""
        self.feed(self.source)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self._open = tag

    def handle_data(self, data):
        if self._open in ("style", "title"):
            return
        if self._open in ("h1", "h2", "h3") and data.strip():
            self.headings.append(data.strip())
        self.texts.append(data)

    def handle_endtag(self, tag):
        self._open = ""

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())

    def values(self, name: str) -> list[str]:
        return [attributes[name] for _, attributes in self.tags if attributes.get(name) is not None]


@pytest.fixture
def write(tmp_path):
    """Write a case's card and read it."""

    def write_and_read(case: Case) -> Page:
        write_card(
            tmp_path,
            model=case.model,
            manifest=case.manifest,
            held_out=case.held_out,
            table_profile=case.table_profile,
            history=case.history,
        )
        return Page(tmp_path / "card.html")

    return write_and_read


@pytest.fixture(scope="session")
def make_case():
    """Fit a model on a table and gather what its card is made of."""
    return _make_case


@pytest.fixture(scope="session")
def held_out_of():
    """Make held-out rows of a fitted model, as training hands them over."""
    return _held_out


@pytest.fixture(scope="session")
def regression() -> Case:
    return _make_case(load_diabetes(as_frame=True).frame, "target", LinearRegression())


@pytest.fixture(scope="session")
def binary() -> Case:
    return _make_case(
        load_breast_cancer(as_frame=True).frame,
        "target",
        make_pipeline(StandardScaler(), LogisticRegression()),
    )


@pytest.fixture(scope="session")
def multi_class() -> Case:
    table = load_wine(as_frame=True).frame
    table["target"] = table["target"].map({0: "Barolo", 1: "Grignolino", 2: "Barbera"})
    return _make_case(table, "target", make_pipeline(StandardScaler(), LogisticRegression()))


@pytest.fixture(scope="session")
def metrics_only() -> Case:
    """What a user's own train function leaves: no rows, no table, no split."""
    manifest = {
        "created_at": "2026-01-31T12:00:07+00:00",
        "model": {"name": "legacy", "kind": "module"},
        "metrics": {"accuracy": 0.9375},
        "notes": [],
    }
    return Case(None, manifest, None, None)


def _make_case(table: pd.DataFrame, target: str, model: Any) -> Case:
    features, actual = table.drop(columns=target), table[target]
    learned, held_out, answers, expected = train_test_split(features, actual, test_size=0.2, random_state=0)
    model.fit(learned, answers)
    manifest = _manifest(table, target, len(learned), len(held_out))
    return Case(model, manifest, _held_out(model, held_out, expected), profile_table(table, target))


def _held_out(model: Any, features: pd.DataFrame, actual: pd.Series) -> HeldOut:
    predicted = model.predict(features)
    if not hasattr(model, "classes_"):
        return HeldOut(features, actual, predicted, None, None, "regression")
    scores = model.predict_proba(features) if hasattr(model, "predict_proba") else None
    classes = list(model.classes_)
    if scores is not None and len(classes) == 2:
        scores = scores[:, 1]
    return HeldOut(features, actual, predicted, scores, classes, "classification")


def _manifest(table: pd.DataFrame, target: str, train_rows: int, test_rows: int) -> dict[str, Any]:
    features = table.drop(columns=target)
    return {
        "manifest_version": 1,
        "created_at": "2026-01-31T12:00:07+00:00",
        "duration_seconds": 2.25,
        "model": {"name": "measured_model", "kind": "module", "module_sha256": "1" * 64},
        "data": {
            "rows": len(table),
            "columns": len(table.columns),
            "target": {"name": target, "dtype": str(table[target].dtype)},
            "features": [{"name": str(name), "dtype": str(dtype)} for name, dtype in features.dtypes.items()],
            "left_out": {"row_id": "names the rows"},
        },
        "split": {"test_size": 0.2, "random_state": 0, "train_rows": train_rows, "test_rows": test_rows},
        "seeds": {"random_state": 0, "set_on_estimator": ["random_state"]},
        "evaluation": {"task": "regression", "definitions": {"r2": "share of the variance"}, "lower_is_better": ["mae"]},
        "metrics": {"mae": 44.125, "r2": 0.4375},
        "baseline": {"mae": 60.5, "r2": 0.5},
        "spread": {"mae": 1.625},
        "warnings": ["Only 10 rows are held out."],
        "notes": ["max_error is left out: it is inf"],
        "gates": [
            {
                "metric": "mae", "kind": "max", "required": 50, "measured": 44.125, "margin": 5.875,
                "passed": True, "sentence": "mae is 44.125, at most 50 is required",
            },
            {
                "metric": "r2", "kind": "no_worse_than_latest", "required": 0.5, "measured": 0.4375,
                "margin": -0.0625, "passed": False, "sentence": "r2 is worse than the latest model's 0.55",
            },
        ],
        "gate": "warned",
        "expect": {"rules_checked": 7, "passed": True},
        "preprocess": {"missing_values": "imputed"},
        "params": {"n_estimators": 200},
        "source": {"separator": ";"},
        "format": "skops",
        "files": {"model.pkl": {"size": 721734, "sha256": "2" * 64}},
        "environment": {"python": "3.12.3", "platform": "Linux", "libraries": {"sklearn": "1.9.1"}},
        "provenance": {
            "run": {"dag_id": "team.measured", "run_id": "manual__1", "logical_date": "2026-01-31T00:00:00+00:00"},
            "config": {"path": "configs/team/measured.yml", "text": CONFIG, "sha256": "3" * 64},
            "dataset": {"url": "s3://datasets/measured.csv", "size": 1340, "sha256": "4" * 64, "etag": "abc"},
            "git_revision": "5" * 40,
        },
    }  # fmt: skip

"""The benchmark of plans: its rules make the changes that they describe, and a plan is judged."""

import inspect

import pytest

from benchmarks.review import bad, harmless, untuned
from benchmarks.review.bad.gates import least_lowered
from benchmarks.review.measure import make_draft, measure

KINDS = (*bad.KINDS, *harmless.KINDS, *untuned.KINDS)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_rule_makes_changes_of_its_own(kind):
    """No two changes of a kind are alike, and each says what a plan must say."""
    made = []
    for number in range(kind.changes):
        draft, finding = make_draft(kind.rule(number), number, seed=0)
        assert (finding is not None) == kind.is_bad
        assert draft.files != draft.before
        made.append((draft.before, draft.files, draft.merged))
    assert all(one not in made[:number] for number, one in enumerate(made))


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_rule_says_what_it_does(kind):
    """A reader judges a rule by its docstring."""
    assert all((inspect.getdoc(rule) or "").endswith(".") for rule in kind.rules)


@pytest.mark.parametrize("kind", untuned.bad.KINDS, ids=lambda kind: kind.name)
def test_an_untuned_rule_asks_for_what_it_says(kind):
    """What a plan is held against is what a reader of the rule has agreed to: its codes, and a severity or an error."""
    for number, rule in enumerate(kind.rules):
        _, finding = make_draft(rule, number, seed=0)
        said = inspect.getdoc(rule)
        assert all(code in said for code in finding.codes)
        wanted = (
            finding.severities if finding.codes else ("any risk",) if finding.severities else ("an error",)
        )
        assert all(word in said for word in wanted)


def test_untuned_kinds_are_a_third():
    """Eight kinds of bad changes and eight of harmless ones, by other names than those that were tuned."""
    assert [(kind.is_bad, kind.changes) for kind in untuned.KINDS] == [(True, 8)] * 8 + [(False, 10)] * 8
    tuned = {kind.name for kind in (*bad.KINDS, *harmless.KINDS)}
    assert not tuned & {kind.name for kind in untuned.KINDS}


def test_the_same_seed_makes_the_same_change():
    """A miss can be shown again."""
    one, other = (make_draft(least_lowered, 3, seed=5)[0] for _ in range(2))
    assert one.files == other.files


def test_a_lowered_gate_is_flagged():
    """A bad change is planned, and found at the right severity."""
    result = measure(least_lowered, 0, seed=0)
    assert result.is_flagged
    assert result.is_right
    assert "R010" in result.page

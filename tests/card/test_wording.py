"""How numbers and lists are said."""

from __future__ import annotations

import pytest

from refinery.card.wording import grouped, listed, number, share


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (1962, "1962"),
        (12_000, "12,000"),
        (3494.23, "3494"),
        (48.339, "48.34"),
        (-0.00012345, "-0.0001234"),
        (2e12, "2e+12"),
    ],
)
def test_numbers_have_four_digits_that_count_and_years_stay_years(value, said):
    assert number(value) == said


def test_of_few_long_texts_more_is_shown_than_of_many():
    text = "TableVectorizer(low_cardinality=OrdinalEncoder(handle_unknown='use_encoded_value', unknown_value=-1))"
    assert listed([text]) == text
    assert all(len(part) <= 60 for part in listed([text] * 9).split(", "))


def test_counts_are_grouped_and_shares_rounded_without_denying_what_there_is():
    assert [grouped(amount) for amount in (999, 4000, None)] == ["999", "4,000", ""]
    assert [share(amount, 1000) for amount in (0, 1, 214, 999, 1000)] == ["0%", "<1%", "21%", ">99%", "100%"]

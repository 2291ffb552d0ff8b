"""Changes after which models learn from other data, or from data that nobody checks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.review.draft import get, has, lacks
from benchmarks.review.kinds import bad, high, low, medium, noted, serious

if TYPE_CHECKING:
    from benchmarks.review.draft import Draft
    from benchmarks.review.kinds import Finding


def fewer_rows_accepted(draft: Draft) -> Finding:
    """Accept a dataset with far fewer rows: R020, medium."""
    path = draft.pick(has("expect.rows.min"))
    with draft.edit(path) as config:
        config["expect"]["rows"]["min"] = draft.random.choice((1, 50))
    return medium("R020", path)


def column_unchecked(draft: Draft) -> Finding:
    """Drop all rules of one column: R020, medium."""
    path = draft.pick(has("expect.columns"))
    with draft.edit(path) as config:
        columns = config["expect"]["columns"]
        del columns[draft.random.choice(sorted(columns))]
    return medium("R020", path)


def gaps_accepted(draft: Draft) -> Finding:
    """Accept half of a column's values missing instead of a twentieth: R020, medium."""
    path = draft.pick(has("expect.columns"))
    with draft.edit(path) as config:
        rules = next(rules for rules in config["expect"]["columns"].values() if rules.get("nulls") == 0.05)
        rules["nulls"] = 0.5
    return medium("R020", path)


def values_accepted(draft: Draft) -> Finding:
    """Accept one more value in a column of text: R020, medium."""
    path = draft.pick(has("expect.columns"))
    with draft.edit(path) as config:
        rules = next(rules for rules in config["expect"]["columns"].values() if "values" in rules)
        rules["values"].append("unknown")
    return medium("R020", path)


def key_repeats(draft: Draft) -> Finding:
    """Stop requiring unique keys: R020, medium."""
    path = draft.pick(has("expect.columns"))
    with draft.edit(path) as config:
        rules = next(rules for rules in config["expect"]["columns"].values() if rules.get("unique"))
        del rules["unique"]
    return medium("R020", path)


def contract_removed(draft: Draft) -> Finding:
    """Remove `expect`: R021, high."""
    path = draft.pick(has("expect"))
    with draft.edit(path) as config:
        del config["expect"]
    return high("R021", path)


def contract_nulled(draft: Draft) -> Finding:
    """Undo `expect` by `null`: R021, high."""
    path = draft.pick(has("expect"))
    with draft.edit(path) as config:
        config["expect"] = None
    return high("R021", path)


def least_value_dropped(draft: Draft) -> Finding:
    """Accept negative values of a column that had none: R020, medium."""
    path = draft.pick(has("expect.columns"))
    with draft.edit(path) as config:
        rules = next(rules for rules in config["expect"]["columns"].values() if "min" in rules)
        del rules["min"]
    return medium("R020", path)


def other_bucket(draft: Draft) -> Finding:
    """Read the dataset from a partner's bucket: R050, medium."""
    path = draft.pick(lambda config: "s3://${data}" in str(config["source"]))
    draft.replace(path, "s3://${data}", "s3://exports-of-a-partner")
    return medium("R050", path)


def other_file(draft: Draft) -> Finding:
    """Read another file of the same bucket, such as last year's: other data; any risk."""
    path = draft.pick(has("source.separator"))
    draft.replace(path, ".csv", "_2024.csv")
    return noted(path)


def plain_http(draft: Draft) -> Finding:
    """Read a dataset over plain HTTP, from a server that is not S3 (S3 is always read over TLS): R052, high."""
    path = draft.pick(has("source"), "_draft")
    draft.replace(path, "https://open-", "http://mirror.example.com/open-")
    return high("R052", path)


def other_region(draft: Draft) -> Finding:
    """Read a dataset from another region: R051, low."""
    path = draft.pick(has("source"), "_draft")
    draft.replace(path, "eu-west-3", "us-east-1")
    return low("R051", path)


def other_connection(draft: Draft) -> Finding:
    """Read a dataset with other credentials: R053, medium."""
    path = draft.pick(has("source.url"))
    with draft.edit(path) as config:
        config["source"]["connection"] = "aws_sandbox"
    return medium("R053", path)


def other_credentials_of_a_team(draft: Draft) -> Finding:
    """Write all models of a team with other credentials, by a line of its defaults: R053, medium."""
    path = draft.pick(has("require"))
    folder = path.rpartition("/")[0] + "/"
    with draft.edit(f"{folder}defaults.yml") as config:
        config["output"] = {"connection": "aws_sandbox"}
    return medium("R053", folder)


def separator_changed(draft: Draft) -> Finding:
    """Split a CSV at another character, so that its columns change or the run fails: at least medium."""
    path = draft.pick(has("source.separator"))
    with draft.edit(path) as config:
        config["source"]["separator"] = "|"
    return serious(path)


def decimal_changed(draft: Draft) -> Finding:
    """Read 1,234 as a fraction, so that numbers change without an error: at least medium."""
    path = draft.pick(has("source.separator"))
    with draft.edit(path) as config:
        config["source"]["decimal"] = ","
    return serious(path)


def feature_removed(draft: Draft) -> Finding:
    """Remove one feature: R073, medium."""
    path = draft.pick(has("features"))
    with draft.edit(path) as config:
        config["features"].pop(draft.random.randrange(3))
    return medium("R073", path)


def id_learned(draft: Draft) -> Finding:
    """Stop dropping the row's key, so that the model learns it: R073, medium."""
    path = draft.pick(has("drop"))
    with draft.edit(path) as config:
        del config["drop"]
    return medium("R073", path)


def columns_chosen(draft: Draft) -> Finding:
    """Read only some columns of the file, which leaves the model fewer: R073, medium."""
    path = draft.pick(
        lambda config: has("source.url", "expect.columns")(config) and lacks("features")(config)
    )
    with draft.edit(path) as config:
        names = [name for name in config["expect"]["columns"] if name not in config["drop"]]
        config["source"]["columns"] = [*config["drop"], *names]
    return medium("R073", path)


def time_no_feature(draft: Draft) -> Finding:
    """Measure by a time column, which stops being a feature: R073, medium."""
    path = draft.pick(
        lambda config: lacks("features", "evaluate.time_column")(config) and has("expect.columns")(config),
        "demand/",
    )
    with draft.edit(path) as config:
        config["evaluate"] = {"test_size": 0.2, "time_column": "sold_at"}
    return medium("R073", path)


def numbers_as_text(draft: Draft) -> Finding:
    """Read a column of numbers as text, so that the model is given a category: R073, medium."""
    path = draft.pick(has("source.separator", "expect.columns"))
    with draft.edit(path) as config:
        number = next(
            name for name, rules in config["expect"]["columns"].items() if rules.get("type") == "number"
        )
        config["source"]["dtypes"] = {number: "str"}
    return medium("R073", path)


def target_changed(draft: Draft) -> Finding:
    """Predict another column: R072, high."""
    path = draft.pick(has("target", "expect.columns"))
    with draft.edit(path) as config:
        config["target"] = next(
            name for name, rules in config["expect"]["columns"].items() if "type" in rules
        )
    return high("R072", path)


def target_unnamed(draft: Draft) -> Finding:
    """Stop naming the target, so that the model predicts whichever column is last: R072, high."""
    path = draft.pick(has("target"))
    with draft.edit(path) as config:
        del config["target"]
    return high("R072", path)


def rows_without_target_dropped(draft: Draft) -> Finding:
    """Drop rows without a target instead of failing: R075, medium."""
    path = draft.pick(lambda config: isinstance(get(config, "target"), str))
    with draft.edit(path) as config:
        config["target"] = {"column": config["target"], "missing": "drop"}
    return medium("R075", path)


KINDS = (
    bad(
        "contracts",
        fewer_rows_accepted,
        column_unchecked,
        gaps_accepted,
        values_accepted,
        key_repeats,
        contract_removed,
        contract_nulled,
        least_value_dropped,
    ),
    bad(
        "sources",
        other_bucket,
        other_file,
        plain_http,
        other_region,
        other_connection,
        other_credentials_of_a_team,
        separator_changed,
        decimal_changed,
    ),
    bad(
        "inputs and targets",
        feature_removed,
        id_learned,
        columns_chosen,
        time_no_feature,
        numbers_as_text,
        target_changed,
        target_unnamed,
        rows_without_target_dropped,
    ),
)

"""Harmless changes by kind: a plan may describe them, and must raise neither an error nor a high risk."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, TypeVar

from benchmarks.review.draft import has, lacks
from benchmarks.review.kinds import harmless
from benchmarks.review.project import TEAMS

if TYPE_CHECKING:
    from benchmarks.review.draft import Draft
    from benchmarks.review.project import Config

MODELS = "include/models"

T = TypeVar("T")


def anything(_: Config) -> bool:
    """Accept any config."""
    return True


def turn(draft: Draft, *choices: T) -> T:
    """Return one of some choices, each in its turn."""
    return choices[draft.number % len(choices)]


# Comments and layout: the values stay the same.


def comment_added(draft: Draft) -> None:
    """Write a comment at a config's beginning: nothing changes."""
    draft.insert(draft.pick(anything), "# The bounds were agreed with finance.")


def blank_lines(draft: Draft) -> None:
    """Put blank lines between the keys of 20 configs: nothing changes."""
    for path in draft.pick_many(20, anything):
        draft.files[path] = "\n".join(
            f"\n{line}" if line[:1].isalpha() else line for line in draft.files[path].split("\n")
        ).lstrip("\n")


def keys_sorted(draft: Draft) -> None:
    """Sort the keys of 30 configs by name: nothing changes."""
    for path in draft.pick_many(30, anything):
        draft.write(path, dict(sorted(draft.read(path).items())))


def values_quoted(draft: Draft) -> None:
    """Put quotes around texts: nothing changes."""
    path = draft.pick(has("timeout"))
    draft.replace(path, "timeout: 2h", 'timeout: "2h"')


def list_in_one_line(draft: Draft) -> None:
    """Write a list in one line: nothing changes."""
    path = draft.pick(has("drop", "require"))
    (key,) = draft.read(path)["drop"][:1]
    draft.replace(path, f"drop:\n- {key}\n", f"drop: [{key}]\n")


# Other spellings of the same values.


def same_duration(draft: Draft) -> None:
    """Write two hours as 120 minutes: nothing changes."""
    draft.replace(draft.pick(has("timeout")), "timeout: 2h", "timeout: 120m")


def defaults_written_out(draft: Draft) -> None:
    """Write out values that hold by default: nothing changes."""
    path = draft.pick(lacks("gate", "max_active_runs"))
    with draft.edit(path) as config:
        config |= {"gate": "fail", "max_active_runs": 1, "retry_backoff": True, "catchup": False}


def long_form(draft: Draft) -> None:
    """Write the source, target and output with their keys: nothing changes."""
    path = draft.pick(
        lambda config: isinstance(config["source"], str) and isinstance(config.get("target"), str)
    )
    with draft.edit(path) as config:
        config["source"] = {"url": config["source"]}
        config["output"] = {"url": config["output"]}
        config["target"] = {"column": config["target"]}


def same_schedule(draft: Draft) -> None:
    """Write the same schedule another way: no run moves."""
    path = draft.pick(lambda config: config.get("schedule") == "0 2 * * 0")
    with draft.edit(path) as config:
        config["schedule"] = "0 2 * * sun"


def same_hour_elsewhere(draft: Draft) -> None:
    """Replace UTC by a timezone with the same hours: no run moves."""
    path = draft.pick(lambda config: config.get("timezone") == "UTC")
    with draft.edit(path) as config:
        config["timezone"] = "Atlantic/Reykjavik"


# What people read.


def description_rewritten(draft: Draft) -> None:
    """Rewrite a description."""
    with draft.edit(draft.pick(anything)) as config:
        config["description"] = "Rewritten, so that new colleagues understand it."


def tags_added(draft: Draft) -> None:
    """Add a tag to a pipeline."""
    with draft.edit(draft.pick(anything)) as config:
        config["tags"] = ["quarterly-review"]


def owner_of_a_team(draft: Draft) -> None:
    """Rename the owner of all pipelines of a team."""
    with draft.edit(f"configs/{turn(draft, *TEAMS).name}/defaults.yml") as config:
        config["owner"] = "decision-science"


def card_off(draft: Draft) -> None:
    """Draw no card for a model."""
    with draft.edit(draft.pick(has("require"))) as config:
        config["card"] = False


def docs_rewritten(draft: Draft) -> None:
    """Rewrite the runbook and a test: no pipeline is reached."""
    draft.files["docs/runbook.md"] += f"\nCall the second line after {10 + draft.number} minutes.\n"
    draft.files["tests/test_columns.py"] += "\n\ndef test_again():\n    assert True\n"


# A model that gates still judge.


def param_tuned(draft: Draft) -> None:
    """Change a param of a gated class."""
    path = draft.pick(lambda config: "class" in config["model"] and "params" in config["model"])
    with draft.edit(path) as config:
        params = config["model"]["params"]
        name = "C" if "C" in params else "alpha"
        params[name] = draft.random.choice((0.1, 0.3, 2.0))


def more_trees(draft: Draft) -> None:
    """Train more trees in the deployed environment, where gates compare with the latest model."""
    draft.replace("configs/environments/prod.yml", "trees: 300", f"trees: {400 + draft.number}")


def other_class_gated(draft: Draft) -> None:
    """Train another class where a gate compares it with the latest model."""
    path = draft.pick(lambda config: "Ridge" in str(config["model"]))
    with draft.edit(path) as config:
        config["model"] = {"class": "sklearn.linear_model.Lasso", "params": {"alpha": 0.5}, "format": "skops"}


def larger_batches(draft: Draft) -> None:
    """Learn in larger batches where a gate compares the model with the latest one."""
    with draft.edit(draft.pick(has("fit"))) as config:
        config["fit"]["batch_rows"] = 80000


def shallower_trees(draft: Draft) -> None:
    """Pass one more param to a gated module."""
    path = draft.pick(has("model.params.learning_rate", "require"))
    with draft.edit(path) as config:
        config["model"]["params"]["max_depth"] = 2


# Stricter than before.


def gate_tightened(draft: Draft) -> None:
    """Require more of a metric."""
    with draft.edit(draft.pick(has("require.roc_auc"))) as config:
        config["require"]["roc_auc"]["min"] = 0.8


def gate_added(draft: Draft) -> None:
    """Require a further metric."""
    with draft.edit(draft.pick(has("require.r2"))) as config:
        config["require"]["rmse"] = {"max": 90}


def gates_come_to_a_draft(draft: Draft) -> None:
    """Give a pipeline without gates its first ones."""
    with draft.edit(draft.pick(lacks("require"), "_legacy")) as config:
        config["require"] = {"score_of_the_script": {"min": 0.3}}


def contract_tightened(draft: Draft) -> None:
    """Ask for more rows and fewer gaps of a dataset."""
    with draft.edit(draft.pick(has("expect.columns"))) as config:
        config["expect"]["rows"]["min"] = 6000
        next(rules for rules in config["expect"]["columns"].values() if rules.get("nulls") == 0.05)[
            "nulls"
        ] = 0.01


def contract_comes(draft: Draft) -> None:
    """Give a pipeline without a contract its first one."""
    with draft.edit(draft.pick(lacks("expect", "schedule"))) as config:
        config["expect"] = {"rows": {"min": 100}}


# New pipelines that stand beside the others.


def new_pipeline(draft: Draft) -> None:
    """Add a pipeline with its own output, contract and gates."""
    path = draft.pick(has("require", "resources", "drop"))
    config = draft.read(path)
    config["output"] = config["output"].replace("/{{ ds }}/", "_nordics/{{ ds }}/")
    draft.write(path.replace(".yml", "_nordics.yml"), config)


def new_matrix(draft: Draft) -> None:
    """Add a matrix of four pipelines with separate outputs."""
    path = draft.pick(has("matrix"))
    config = draft.read(path)
    config["matrix"]["region"] = ["us", "ca"]
    config["output"] = config["output"].replace("/regions/", "/americas/")
    draft.write(path.replace("by_region", "by_country"), config)


def region_added(draft: Draft) -> None:
    """Give a matrix one more region."""
    with draft.edit(draft.pick(has("matrix"))) as config:
        config["matrix"]["region"].append("us")


def new_team(draft: Draft) -> None:
    """Add a team's folder with its defaults and one pipeline."""
    path = draft.pick(has("require", "model.class"))
    team = path.split("/")[1]
    draft.files["configs/returns/defaults.yml"] = draft.files[f"configs/{team}/defaults.yml"].replace(
        team, "returns"
    )
    draft.files["configs/returns/first.yml"] = draft.files[path].replace(
        f"{{models}}/{team}/", "{models}/returns/"
    )


def new_follower(draft: Draft) -> None:
    """Add a scoring pipeline that follows a model which is written."""
    path = draft.pick(has("schedule.assets"))
    draft.files[path.replace("_scores", "_audit")] = draft.files[path].replace("_scores/", "_audits/")


# Times that move a little.


def other_hour(draft: Draft) -> None:
    """Run a daily training at another hour."""
    path = draft.pick(lambda config: str(config.get("schedule")).endswith("* * *"))
    with draft.edit(path) as config:
        config["schedule"] = f"{draft.random.randrange(60)} {draft.random.randrange(6, 9)} * * *"


def weekdays_only(draft: Draft) -> None:
    """Run a daily training on weekdays."""
    path = draft.pick(lambda config: str(config.get("schedule")).endswith("* * *"))
    with draft.edit(path) as config:
        config["schedule"] = config["schedule"].replace("* * *", "* * 1-5")


def other_day(draft: Draft) -> None:
    """Run a weekly training on Saturdays instead of Sundays."""
    with draft.edit(draft.pick(has("fit"))) as config:
        config["schedule"] = "0 2 * * 6"


def later_start(draft: Draft) -> None:
    """Move a first day that has long passed, without catchup: no run comes or goes."""
    with draft.edit(f"configs/{turn(draft, *TEAMS).name}/defaults.yml") as config:
        config["start_date"] = date(2026, 2, 1)


def skip_unchanged(draft: Draft) -> None:
    """End runs early when neither data nor config changed."""
    with draft.edit(draft.pick(has("require"))) as config:
        config["on_unchanged"] = "skip"


# More room, more help.


def more_retries(draft: Draft) -> None:
    """Retry the failed tasks of all pipelines more often."""
    draft.replace("configs/defaults.yml", "retries: 3", f"retries: {4 + draft.number}")


def longer_timeout(draft: Draft) -> None:
    """Give a training more time."""
    draft.replace(draft.pick(has("timeout")), "timeout: 2h", "timeout: 3h")


def more_memory(draft: Draft) -> None:
    """Give a training more memory and cores."""
    with draft.edit(draft.pick(has("resources.cpu"))) as config:
        config["resources"] |= {"cpu": 8, "memory": "96Gi"}


def more_hear(draft: Draft) -> None:
    """Notify a second channel of a team's failures."""
    with draft.edit(f"configs/{turn(draft, *TEAMS).name}/defaults.yml") as config:
        config["notify"]["on_failure"].append({"slack": {"channel": "#on-call"}})


def waits_now(draft: Draft) -> None:
    """Wait for a dataset on S3 before a run."""
    with draft.edit(draft.pick(lambda config: lacks("wait_for")(config) and has("fit")(config))) as config:
        config["wait_for"] = True


# The same values from another place.


def moved_to_defaults(draft: Draft) -> None:
    """Write a value of all pipelines of a team in its defaults and no longer in each: nothing changes."""
    team = turn(draft, *TEAMS).name
    for path in [
        path for path in draft.files if path.startswith(f"configs/{team}/") and "defaults" not in path
    ]:
        config = draft.read(path)
        if config.get("timeout") == "2h":
            del config["timeout"]
        else:
            config["timeout"] = "6h"
        draft.write(path, config)
    draft.files[f"configs/{team}/defaults.yml"] += "timeout: 2h\n"


def moved_to_variable(draft: Draft) -> None:
    """Name a value of one config by a new variable of both environments: nothing changes."""
    path = draft.pick(has("timeout"))
    draft.replace(path, "timeout: 2h", "timeout: ${patience}")
    for environment in ("prod", "dev"):
        with draft.edit(f"configs/environments/{environment}.yml") as config:
            config["vars"]["patience"] = "2h"


def repeated_in_configs(draft: Draft) -> None:
    """Repeat a value of the defaults in ten configs: nothing changes."""
    for path in draft.pick_many(10, lacks("retries")):
        draft.files[path] += "retries: 3\n"


def variable_renamed(draft: Draft) -> None:
    """Rename a variable everywhere: nothing changes."""
    old = turn(draft, "registry", "warehouse")
    for path in [path for path in draft.files if path.startswith("configs/")]:
        text = draft.files[path].replace(f"${{{old}}}", f"${{{old}_connection}}")
        draft.files[path] = text.replace(f"  {old}:", f"  {old}_connection:")


def suffix_changed(draft: Draft) -> None:
    """Name a config's file .yaml instead of .yml: the DAG stays the same."""
    path = draft.pick(has("require"))
    draft.move(path, path.replace(".yml", ".yaml"))


# Code that does the same.


def docstring_rewritten(draft: Draft) -> None:
    """Rewrite a module's docstring: it trains the same."""
    module = draft.random.choice(("boosted_classes", "columns", "score", "streamed_numbers"))
    draft.replace(f"{MODELS}/{module}.py", '"""', '"""Reviewed in November: ')


def code_commented(draft: Draft) -> None:
    """Comment a module: it trains the same."""
    module = draft.random.choice(("boosted_classes", "columns", "legacy", "forest_numbers"))
    draft.files[f"{MODELS}/{module}.py"] += "\n# The bounds of the search were found in spring.\n"


def code_formatted(draft: Draft) -> None:
    """Break a long line of a module, as a formatter does: it trains the same."""
    draft.replace(
        f"{MODELS}/boosted_{turn(draft, 'classes', 'numbers')}.py",
        "(n_estimators=trees, learning_rate=learning_rate, max_depth=max_depth)",
        "(\n        n_estimators=trees,\n        learning_rate=learning_rate,\n        max_depth=max_depth,\n    )",
    )


def module_added(draft: Draft) -> None:
    """Add a module that no config names yet."""
    draft.files[f"{MODELS}/{turn(draft, 'ridge', 'wide')}_search.py"] = (
        '"""A search."""\n\nfrom sklearn.linear_model import RidgeCV\n\n\ndef build_model():\n    return RidgeCV()\n'
    )


def dag_file_commented(draft: Draft) -> None:
    """Comment a DAG file: the same DAGs are made."""
    draft.files[f"dags/refinery_{turn(draft, 'pipelines', 'broken_configs')}.py"] += "# See the runbook.\n"


# Around the pipelines.


def library_added(draft: Draft) -> None:
    """Pin a library that no model imports yet."""
    draft.files["requirements.txt"] += turn(draft, "tabulate==0.9.0\n", "rapidfuzz==3.14.0\n")


def library_patched(draft: Draft) -> None:
    """Raise the pin of a library by a patch release."""
    draft.replace(
        "requirements.txt",
        *turn(draft, ("pyarrow==22.0.0", "pyarrow==22.0.1"), ("joblib==1.5.2", "joblib==1.5.3")),
    )


def environment_added(draft: Draft) -> None:
    """Add an environment, which nothing deploys yet."""
    name = turn(draft, "test", "staging")
    text = draft.files["configs/environments/dev.yml"].replace("-dev", f"-{name}")
    draft.files[f"configs/environments/{name}.yml"] = text


def variable_added(draft: Draft) -> None:
    """Add a variable that no config uses yet, to both environments."""
    for environment in ("prod", "dev"):
        with draft.edit(f"configs/environments/{environment}.yml") as config:
            config["vars"][turn(draft, "holidays", "season")] = "national"


def threshold_tightened(draft: Draft) -> None:
    """Warn of smaller matrices, or of fewer runs, than before."""
    edit = turn(
        draft, ("matrix_size = 12", "matrix_size = 8"), ("schedule_factor = 4", "schedule_factor = 3")
    )
    draft.replace("pyproject.toml", *edit)


# Meant, said, or not of this change.


def move_accepted(draft: Draft) -> None:
    """Move an output, and accept that with a reason."""
    path = draft.pick(has("require"), "premium")
    draft.replace(path, "s3://${models}/", "s3://${models}/v2/")
    draft.insert(path, "# refinery: allow R001 because nobody reads the old folder since October")


def gate_loosened_and_accepted(draft: Draft) -> None:
    """Loosen a gate, and accept that with a reason."""
    path = draft.pick(has("require.recall"))
    draft.replace(path, "min: 0.6\n", "min: 0.55\n")
    draft.insert(
        path, "# refinery: allow R010 because the labels of November are incomplete; see the runbook"
    )


def others_loosened_gates(draft: Draft) -> None:
    """Rewrite a description while others merged a loosened gate into main: that gate is not part of this change."""
    path, other = draft.pick_many(2, has("require.roc_auc"))
    draft.merged[other] = draft.files[other].replace("min: 0.75", "min: 0.2")
    description_rewritten(draft)
    draft.files[path] += "card: false\n"


def others_added_a_pipeline(draft: Draft) -> None:
    """Raise retries while others added a pipeline to main: the pipeline does not count as removed."""
    path = draft.pick(has("require", "model.class"))
    draft.merged[path.replace(".yml", "_nordics.yml")] = draft.files[path].replace(
        "/{{ ds }}/", "_nordics/{{ ds }}/"
    )
    draft.files[path] += "retries: 4\n"


def pool_made(draft: Draft) -> None:
    """Give one pipeline a separate pool and priority: tasks wait where the pool is missing, a low risk."""
    with draft.edit(draft.pick(has("require"))) as config:
        config |= {"pool": "overnight", "priority": 5}


KINDS = (
    harmless("comments and layout", comment_added, blank_lines, keys_sorted, values_quoted, list_in_one_line),
    harmless(
        "other spellings", same_duration, defaults_written_out, long_form, same_schedule, same_hour_elsewhere
    ),
    harmless(
        "words for people", description_rewritten, tags_added, owner_of_a_team, card_off, docs_rewritten
    ),
    harmless("gated models", param_tuned, more_trees, other_class_gated, larger_batches, shallower_trees),
    harmless(
        "stricter checks",
        gate_tightened,
        gate_added,
        gates_come_to_a_draft,
        contract_tightened,
        contract_comes,
    ),
    harmless("new pipelines", new_pipeline, new_matrix, region_added, new_team, new_follower),
    harmless("times", other_hour, weekdays_only, other_day, later_start, skip_unchanged),
    harmless("more room", more_retries, longer_timeout, more_memory, more_hear, waits_now),
    harmless(
        "same values elsewhere",
        moved_to_defaults,
        moved_to_variable,
        repeated_in_configs,
        variable_renamed,
        suffix_changed,
    ),
    harmless(
        "same code", docstring_rewritten, code_commented, code_formatted, module_added, dag_file_commented
    ),
    harmless(
        "around the pipelines",
        library_added,
        library_patched,
        environment_added,
        variable_added,
        threshold_tightened,
    ),
    harmless(
        "accepted or of others",
        move_accepted,
        gate_loosened_and_accepted,
        others_loosened_gates,
        others_added_a_pipeline,
        pool_made,
    ),
)

"""Harmless changes as pull requests bring them: a plan may describe them, and must raise neither an error nor a high risk."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from benchmarks.review.draft import get, has, lacks
from benchmarks.review.harmless import MODELS, anything, turn
from benchmarks.review.kinds import harmless
from benchmarks.review.project import TEAMS
from benchmarks.review.untuned.bad import (
    DEV,
    PROD,
    PROJECT,
    folder,
    pipelines,
    runs_daily,
    write_in_flow_style,
)

if TYPE_CHECKING:
    from benchmarks.review.draft import Draft

OTHERS = ("forest_classes", "forest_numbers", "boosted_classes", "boosted_numbers")


def team_folder(draft: Draft) -> str:
    """Return the folder of a team, each in its turn."""
    return f"configs/{turn(draft, *TEAMS).name}/"


# Other text, the same values.


def folder_in_flow_style(draft: Draft) -> None:
    """Write the sections of all configs of a team in one line each: nothing changes."""
    for path in pipelines(draft, team_folder(draft)):
        write_in_flow_style(draft, path)


def folder_written_by_a_program(draft: Draft) -> None:
    """Write all configs of a team as a program does, in JSON, which is YAML too: nothing changes."""
    for path in pipelines(draft, team_folder(draft)):
        draft.files[path] = json.dumps(draft.read(path), indent=2, ensure_ascii=False) + "\n"


def share_by_an_alias(draft: Draft) -> None:
    """Write the share of values that may be missing once, and name it by an alias: nothing changes."""
    path = draft.pick(has("expect.columns"))
    draft.replace(path, "nulls: 0.05", "nulls: &gaps 0.05")
    draft.replace(path, "nulls: 0.05", "nulls: *gaps")


def folded_descriptions(draft: Draft) -> None:
    """Begin 15 configs with a line of dashes, and fold their descriptions: nothing changes."""
    for path in draft.pick_many(15, anything):
        description = draft.read(path)["description"]
        first, _, rest = draft.files[path].partition("\n")
        if first == f"description: {description}":
            draft.files[path] = f"---\ndescription: >-\n  {description}\n{rest}"


def line_ends_of_windows(draft: Draft) -> None:
    """Write a team's configs with the line ends of Windows: nothing changes."""
    for path in [path for path in draft.files if path.startswith(team_folder(draft))]:
        draft.files[path] = draft.files[path].replace("\n", "\r\n")


def keys_reversed_and_commented(draft: Draft) -> None:
    """Put the keys of a team's configs into another order, each below a comment: nothing changes."""
    for path in pipelines(draft, team_folder(draft)):
        draft.write(path, dict(reversed(draft.read(path).items())))
        draft.files[path] = "".join(
            f"# {line.partition(':')[0]}: see the runbook\n{line}" if line[0].isalpha() else line
            for line in draft.files[path].splitlines(keepends=True)
        )


# People, documentation and tools.


def owners_named(draft: Draft) -> None:
    """Name the owners of a team's pipelines, in its defaults and for GitHub."""
    where = team_folder(draft)
    with draft.edit(f"{where}defaults.yml") as config:
        config["owner"] = "data-products"
    draft.files[".github/CODEOWNERS"] = f"/{where} @example/data-products\n"


def docs_and_tests(draft: Draft) -> None:
    """Write a page of documentation, and test the helper of the models: no pipeline is reached."""
    draft.files[f"docs/on-call-{draft.number}.md"] = "# On call\n\n1. Read the log.\n2. Ask the owner.\n"
    draft.files["tests/test_prepare.py"] = (
        "from include.models.columns import prepare\n\n\n"
        "def test_steps():\n    assert len(prepare().transformers) == 2\n"
    )


def page_beside_configs(draft: Draft) -> None:
    """Put a page of documentation, with a config as its example, beside the configs of a team: it is not a pipeline."""
    where = team_folder(draft)
    path = f"{where}{turn(draft, 'retail', 'online')}.yml"
    draft.files[f"{where}README.md"] = f"# Our pipelines\n\n```yaml\n{draft.files[path]}```\n"


def tools_configured(draft: Draft) -> None:
    """Configure a linter, hooks and a Makefile: no pipeline is reached."""
    draft.files["pyproject.toml"] += f"\n[tool.ruff]\nline-length = {100 + draft.number}\n"
    draft.files[".pre-commit-config.yaml"] = "repos: []\n"
    draft.files["Makefile"] = "lint:\n\truff check\n"


def requirements_sorted(draft: Draft) -> None:
    """Put the requirements into another order, below comments: the same versions are installed."""
    lines = draft.files["requirements.txt"].splitlines()
    draft.random.shuffle(lines)
    draft.files["requirements.txt"] = "# What models import.\n" + "\n".join(lines) + "\n"


def success_announced(draft: Draft) -> None:
    """Announce the models of a team in a channel, by a message of its own."""
    with draft.edit(f"{team_folder(draft)}defaults.yml") as config:
        config["notify"]["on_success"] = [{"slack": {"channel": "#models", "message": "New on {{ ds }}."}}]


# Names that change wherever they stand.


def axis_renamed(draft: Draft) -> None:
    """Rename an axis wherever it is used; the DAGs are named by its values: nothing changes."""
    path = draft.pick(has("matrix"))
    text = draft.files[path].replace("matrix.region", "matrix.area")
    draft.files[path] = text.replace("  region:\n", "  area:\n")


def bucket_by_the_stage(draft: Draft) -> None:
    """Build the names of buckets from a new variable instead of naming each by one: nothing changes."""
    old, bucket = turn(draft, ("data", "datasets"), ("models", "models"))
    for path in pipelines(draft):
        draft.files[path] = draft.files[path].replace(f"s3://${{{old}}}/", f"s3://{bucket}-${{stage}}/")
    for environment, stage in ((PROD, "prod"), (DEV, "dev")):
        with draft.edit(environment) as config:
            del config["vars"][old]
            config["vars"]["stage"] = stage


def helper_renamed_everywhere(draft: Draft) -> None:
    """Rename a helper and import it by its new name everywhere: models are trained the same."""
    new = turn(draft, "prepared_columns", "ready_columns")
    for module in ("columns", *OTHERS):
        path = f"{MODELS}/{module}.py"
        draft.files[path] = (
            draft.files[path].replace("prepare()", f"{new}()").replace("import prepare", f"import {new}")
        )


def param_renamed_everywhere(draft: Draft) -> None:
    """Rename a param in a module and in all configs that pass it: models are trained the same."""
    new = turn(draft, "rate", "shrinkage")
    for task in ("classes", "numbers"):
        path = f"{MODELS}/boosted_{task}.py"
        text = draft.files[path].replace("learning_rate=0.1", f"{new}=0.1")
        draft.files[path] = text.replace("learning_rate=learning_rate", f"learning_rate={new}")
    for path in pipelines(draft):
        draft.files[path] = draft.files[path].replace("learning_rate: 0.1", f"{new}: 0.1")


def module_renamed_everywhere(draft: Draft) -> None:
    """Rename a module and name it so in all configs, whose gates compare its models with the latest ones."""
    task = turn(draft, "classes", "numbers")
    draft.move(f"{MODELS}/streamed_{task}.py", f"{MODELS}/batched_{task}.py")
    for path in pipelines(draft):
        draft.files[path] = draft.files[path].replace(f"module: streamed_{task}", f"module: batched_{task}")


# Values that move from one layer to another.


def unused_default_removed(draft: Draft) -> None:
    """Remove a value of the project's defaults that each team's defaults replace: nothing changes."""
    with draft.edit(PROJECT) as config:
        del config[turn(draft, "owner", "notify")]


def connection_moved_to_teams(draft: Draft) -> None:
    """Move a connection from the project's defaults to those of all teams: nothing changes."""
    section, variable = turn(draft, ("source", "warehouse"), ("output", "registry"))
    with draft.edit(PROJECT) as config:
        del config[section]
    for team in TEAMS:
        draft.files[f"configs/{team.name}/defaults.yml"] += f"{section}:\n  connection: ${{{variable}}}\n"


def first_day_moved_to_pipelines(draft: Draft) -> None:
    """Move the first day from a team's defaults to each of its pipelines: nothing changes."""
    where = team_folder(draft)
    draft.replace(f"{where}defaults.yml", "start_date: 2026-01-05\n", "")
    for path in pipelines(draft, where):
        draft.files[path] += "start_date: 2026-01-05\n"


def pause_by_environment(draft: Draft) -> None:
    """Move the wait before a retry from the project's defaults to those of both environments: nothing changes."""
    draft.replace(PROJECT, "retry_delay: 5m\n", "")
    for environment in (PROD, DEV):
        with draft.edit(environment) as config:
            config["defaults"]["retry_delay"] = turn(draft, "5m", "300s")


def tags_repeated(draft: Draft) -> None:
    """Repeat in each config of a team the tags that it has by its folder and the defaults: nothing changes."""
    where = team_folder(draft)
    for path in pipelines(draft, where):
        draft.files[path] += f"tags: [training, {where.split('/')[1]}]\n"


# Code that is written another way.


def helper_split(draft: Draft) -> None:
    """Split the columns' helper into two modules, of which the old one imports the new one: models are trained the same."""
    name = turn(draft, "encoding", "texts")
    encoder = '(OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1), make_column_selector(dtype_exclude="number"))'
    draft.files[f"{MODELS}/{name}.py"] = (
        '"""How texts become numbers."""\n\n'
        "from sklearn.compose import make_column_selector\n"
        "from sklearn.preprocessing import OrdinalEncoder\n\n\n"
        "def encoded_texts():\n"
        '    """Return the step for all other columns."""\n'
        f"    return {encoder[1:-1]}\n"
    )
    path = f"{MODELS}/columns.py"
    draft.replace(path, encoder, "encoded_texts()")
    draft.replace(path, "OrdinalEncoder, StandardScaler\n", "StandardScaler\n")
    draft.replace(path, "\n\n\ndef", f"\n\nfrom include.models.{name} import encoded_texts\n\n\ndef")


def types_annotated(draft: Draft) -> None:
    """Annotate the types of a module's function: models are trained the same."""
    path = f"{MODELS}/{turn(draft, *OTHERS)}.py"
    text = draft.files[path].replace(
        "(trees=100, learning_rate=0.1,", "(trees: int = 100, learning_rate: float = 0.1,"
    )
    draft.files[path] = text.replace("(trees=200)", "(trees: int = 200)")


def script_in_a_function(draft: Draft) -> None:
    """Put the end of the scoring script into a function that it calls: scores stay the same."""
    path = f"{MODELS}/score.py"
    name = turn(draft, "main", "score")
    begin, end = draft.files[path].split("scores = ")
    body = "".join(f"    {line}\n" for line in f"scores = {end}".splitlines())
    draft.files[path] = f'{begin}\ndef {name}():\n{body}\n\nif __name__ == "__main__":\n    {name}()\n'


def default_in_a_constant(draft: Draft) -> None:
    """Name a module's default by a constant: models are trained the same."""
    path = f"{MODELS}/{turn(draft, 'forest_classes', 'forest_numbers')}.py"
    draft.replace(path, "(trees=200)", "(trees=TREES)")
    draft.replace(path, "\n\n\ndef", "\n\nTREES = 200\n\n\ndef")


def table_read_once(draft: Draft) -> None:
    """Read the table once in the old script instead of twice: models are trained the same."""
    path = f"{MODELS}/legacy.py"
    name = turn(draft, "everything", "data")
    draft.replace(
        path,
        'table = pd.read_csv(args.data).select_dtypes("number")\ny = pd.read_csv(args.data)[args.target]',
        f'{name} = pd.read_csv(args.data)\ntable, y = {name}.select_dtypes("number"), {name}[args.target]',
    )


# What is new stands beside what is there.


def team_copied(draft: Draft) -> None:
    """Copy all 25 pipelines of a team for a new team, which reads and writes in folders of its own."""
    where = team_folder(draft)
    team, new = where.split("/")[1], turn(draft, "returns", "support")
    for path in [*pipelines(draft, where), f"{where}defaults.yml"]:
        text = draft.files[path]
        for before in ("{models}/", "{data}/", "owner: ", "pool: ", "channel: '#"):
            text = text.replace(before + team, before + new)
        draft.files[path.replace(where, f"configs/{new}/")] = text


def follower_of_two(draft: Draft) -> None:
    """Add a pipeline that follows the models of two others, whichever is newer, and writes into a folder of its own."""
    path = draft.pick(has("schedule.assets"))
    team = path.split("/")[1]
    config = draft.read(path)
    markets = turn(draft, ("retail", "wholesale"), ("online", "premium"))
    config["schedule"] = {"assets": [f"s3://${{models}}/{team}/{name}/" for name in markets], "match": "any"}
    config["output"] = f"s3://${{models}}/{team}_ensemble/{{{{ ts_nodash }}}}/"
    draft.write(f"{folder(path)}ensemble.yml", config)


def combination_included(draft: Draft) -> None:
    """Include one more combination in a matrix: a pipeline with an output of its own."""
    path = draft.pick(has("matrix"))
    with draft.edit(path) as config:
        config["matrix"]["include"] = [{"region": "us", "model": config["matrix"]["model"][0]}]


def experiment_with_checks(draft: Draft) -> None:
    """Add a paused experiment with a contract and a gate."""
    path = draft.pick(lacks("schedule"))
    config = draft.read(path)
    metric = "accuracy" if "classes" in config["model"]["module"] else "r2"
    config |= {"expect": {"rows": {"min": 100}}, "require": {metric: {"min": 0.1}}}
    config["output"] = config["output"].replace("_draft/", "_idea/")
    draft.write(path.replace("_draft", "_idea"), config)


def module_with_its_pipeline(draft: Draft) -> None:
    """Add a module of ridge regression, and a pipeline that trains by it behind the gates of its neighbor."""
    path = draft.pick(has("model.params.learning_rate", "require.r2"))
    draft.files[f"{MODELS}/ridge_numbers.py"] = (
        '"""Ridge regression."""\n\n'
        "from sklearn.linear_model import Ridge\n"
        "from sklearn.pipeline import make_pipeline\n\n"
        "from include.models.columns import prepare\n\n\n"
        "def build_model(alpha=1.0):\n"
        '    """Return the pipeline, not fitted."""\n'
        "    return make_pipeline(prepare(), Ridge(alpha=alpha))\n"
    )
    config = draft.read(path)
    config["model"] = {"module": "ridge_numbers", "params": {"alpha": 0.5}}
    config["output"] = config["output"].replace("/{{ ds }}/", "_ridge/{{ ds }}/")
    draft.write(path.replace(".yml", "_ridge.yml"), config)


# Operations that leave models and their readers alone.


def night_of_another_timezone(draft: Draft) -> None:
    """Run a daily training before midnight in New York instead of after midnight in UTC or Paris: still one run a day."""
    path = draft.pick(runs_daily)
    with draft.edit(path) as config:
        config |= {"schedule": "40 22 * * *", "timezone": "America/New_York"}


def longer_pauses(draft: Draft) -> None:
    """Wait longer before each retry, in the whole project."""
    draft.replace(PROJECT, "retry_delay: 5m", f"retry_delay: {10 + draft.number}m")


def preferred_and_patient(draft: Draft) -> None:
    """Prefer a pipeline's tasks where slots are scarce, and wait longer for its dataset."""
    with draft.edit(draft.pick(has("wait_for"))) as config:
        config["priority"] = 5
        config["wait_for"] = {"timeout": "8h", "poke_interval": "10m"}


def staging_moved(draft: Draft) -> None:
    """Exchange the files of runs below another prefix, which no model is read from."""
    environment = turn(draft, PROD, DEV)
    draft.replace(environment, "/refinery/", "/runs/")


def larger_node(draft: Draft) -> None:
    """Train on a node with more memory, chosen by its label."""
    with draft.edit(draft.pick(has("resources.steps"))) as config:
        config["resources"]["steps"]["train_model"] |= {
            "memory": "128Gi",
            "node_selector": {"node.kubernetes.io/instance-type": "r7i.4xlarge"},
        }


# Stricter, meant and said, undone, or done by others.


def loosened_gate_restored(draft: Draft) -> None:
    """Set a gate back that main has loosened: it asks for more than before."""
    path = draft.pick(has("require.recall"))
    good = draft.files[path]
    draft.replace(path, "min: 0.6\n", "min: 0.2\n")
    draft.files[path] += "gate: warn\n"
    draft.commit()
    draft.files[path] = good


def bucket_move_accepted(draft: Draft) -> None:
    """Move an environment's models to another bucket, and accept that for all pipelines in its file, with a reason."""
    environment = turn(draft, PROD, DEV)
    with draft.edit(environment) as config:
        config["vars"]["models"] += "-eu"
    draft.insert(
        environment,
        "# refinery: allow R002 because the models were copied and all readers go by the new bucket",
    )


def removal_without_readers(draft: Draft) -> None:
    """Remove an experiment that runs only by hand and that nothing follows."""
    del draft.files[draft.pick(lacks("schedule"))]


def contract_more_precise(draft: Draft) -> None:
    """Ask more of a contract's columns: a most for the share of gaps where there was none, and a pattern of keys."""
    path = draft.pick(has("expect.columns"))
    key = next(iter(draft.read(path)["expect"]["columns"]))
    with draft.edit(path) as config:
        for name, rules in config["expect"]["columns"].items():
            if name == key:
                rules["pattern"] = "[A-Z0-9-]+"
            rules.setdefault("nulls", 0.01)


def reformatted_by_others(draft: Draft) -> None:
    """Rewrite a description while others reformatted the configs of another team in main: those are not part of it."""
    path = draft.pick(has("require"), "energy/")
    for other in pipelines(draft, f"configs/{turn(draft, 'churn', 'fraud')}/"):
        draft.merged[other] = json.dumps(draft.read(other), indent=2)
    draft.replace(path, "description: ", f"description: By the team of {get(draft.read(path), 'target')}; ")


KINDS = (
    harmless(
        "reformatted folders",
        folder_in_flow_style,
        folder_written_by_a_program,
        share_by_an_alias,
        folded_descriptions,
        line_ends_of_windows,
        keys_reversed_and_commented,
    ),
    harmless(
        "people and tools",
        owners_named,
        docs_and_tests,
        page_beside_configs,
        tools_configured,
        requirements_sorted,
        success_announced,
    ),
    harmless(
        "renamed everywhere",
        axis_renamed,
        bucket_by_the_stage,
        helper_renamed_everywhere,
        param_renamed_everywhere,
        module_renamed_everywhere,
    ),
    harmless(
        "other layers",
        unused_default_removed,
        connection_moved_to_teams,
        first_day_moved_to_pipelines,
        pause_by_environment,
        tags_repeated,
    ),
    harmless(
        "refactored code",
        helper_split,
        types_annotated,
        script_in_a_function,
        default_in_a_constant,
        table_read_once,
    ),
    harmless(
        "growth",
        team_copied,
        follower_of_two,
        combination_included,
        experiment_with_checks,
        module_with_its_pipeline,
    ),
    harmless(
        "quiet operations",
        night_of_another_timezone,
        longer_pauses,
        preferred_and_patient,
        staging_moved,
        larger_node,
    ),
    harmless(
        "restored, accepted, of others",
        loosened_gate_restored,
        bucket_move_accepted,
        removal_without_readers,
        contract_more_precise,
        reformatted_by_others,
    ),
)

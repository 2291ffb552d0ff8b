"""Bad changes as pull requests bring them: refactorings that stop halfway, slips among harmless edits, copies, hand-overs."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import yaml

from benchmarks.review.draft import get, has, is_pipeline, lacks
from benchmarks.review.harmless import MODELS, turn
from benchmarks.review.kinds import Finding, bad, error, high, low, medium, noted
from benchmarks.review.project import MARKETS, TEAMS

if TYPE_CHECKING:
    from benchmarks.review.draft import Draft
    from benchmarks.review.project import Config

PROJECT = "configs/defaults.yml"
PROD = "configs/environments/prod.yml"
DEV = "configs/environments/dev.yml"
CONFIGS = "configs/"
FOLLOWED = MARKETS[:3]


def folder(path: str) -> str:
    """Return the folder of a file, with a slash at its end."""
    return path.rpartition("/")[0] + "/"


def pipelines(draft: Draft, where: str = CONFIGS) -> list[str]:
    """Return the paths of all pipelines' configs below a folder."""
    return [path for path in draft.files if path.startswith(where) and is_pipeline(path)]


def runs_daily(config: Config) -> bool:
    """Return whether a pipeline runs each day and keeps a model of each."""
    return str(config.get("schedule")).endswith("* * *") and "{{ ds }}" in config["output"]


def write_in_flow_style(draft: Draft, path: str) -> None:
    """Write a config's lists and mappings in one line, those alone that hold others in several."""
    draft.files[path] = yaml.safe_dump(
        draft.read(path), default_flow_style=None, sort_keys=False, width=10_000, allow_unicode=True
    )


# Refactorings that stop halfway.


def retries_of_a_team_forgotten(draft: Draft) -> Finding:
    """Move the retries from the project's defaults to the teams', and forget one, which gets 2 instead of 3: R060, medium."""
    forgotten = turn(draft, *TEAMS)
    draft.replace(PROJECT, "retries: 3\n", "")
    for team in TEAMS:
        if team != forgotten:
            draft.files[f"configs/{team.name}/defaults.yml"] += "retries: 3\n"
    return medium("R060", f"configs/{forgotten.name}/")


def connection_of_a_team_forgotten(draft: Draft) -> Finding:
    """Move the source's connection from the project's defaults to the teams', and forget one: R053, medium."""
    forgotten = turn(draft, *TEAMS)
    with draft.edit(PROJECT) as config:
        del config["source"]
    for team in TEAMS:
        if team != forgotten:
            draft.files[f"configs/{team.name}/defaults.yml"] += "source:\n  connection: ${warehouse}\n"
    return medium("R053", f"configs/{forgotten.name}/")


def limit_reaches_the_long_ones(draft: Draft) -> Finding:
    """Move the limit of two hours to a team's defaults; the trainings that had six by the project's get it too: R061, medium."""
    team = turn(draft, *TEAMS)
    for path in pipelines(draft, f"configs/{team.name}/"):
        draft.files[path] = draft.files[path].replace("timeout: 2h\n", "")
    draft.files[f"configs/{team.name}/defaults.yml"] += "timeout: 2h\n"
    return medium("R061", f"configs/{team.name}/")


def smallest_minimum_for_all(draft: Draft) -> Finding:
    """Move the number of rows to a team's defaults, as the smallest that any pipeline had: R020, medium."""
    team = turn(draft, *TEAMS)
    for path in pipelines(draft, f"configs/{team.name}/"):
        if has("expect.rows")(draft.read(path)):
            with draft.edit(path) as config:
                del config["expect"]["rows"]
                if not config["expect"]:
                    del config["expect"]
    draft.files[f"configs/{team.name}/defaults.yml"] += "expect:\n  rows:\n    min: 500\n"
    return medium("R020", f"configs/{team.name}/")


def recall_lost_on_the_way(draft: Draft) -> Finding:
    """Move the gates of a team's pipelines to its defaults, and lose the one of recall: R011, high."""
    where = folder(draft.pick(has("require.recall")))
    for path in pipelines(draft, where):
        with draft.edit(path) as config:
            if "require" in config:
                del config["require"]
            else:
                config["require"] = None
    with draft.edit(f"{where}defaults.yml") as config:
        config["require"] = {"roc_auc": {"min": 0.75, "no_worse_than_latest": "2%"}}
    return high("R011", where)


# One slip in a change that is harmless otherwise.


def renamed_sorted_and_loosened(draft: Draft) -> Finding:
    """Rename a config, sort its keys, rewrite its description and lower a gate: R010, high."""
    path = draft.pick(has("require.r2", "drop", "expect.columns"))
    new = path.replace(".yml", "_current.yml")
    with draft.edit(path) as config:
        config["description"] = "The model that everybody uses."
        config["require"]["r2"]["min"] = 0.4
    draft.write(path, dict(sorted(draft.read(path).items())))
    draft.move(path, new)
    return high("R010", new)


def gate_commented_out(draft: Draft) -> Finding:
    """Comment a gate out, beside comments that explain the others: R011, high."""
    path = draft.pick(has("require.recall"))
    draft.replace(path, "  recall:\n    min: 0.6\n", "  # recall:\n  #   min: 0.6\n")
    draft.replace(path, "require:\n", "# The bounds of spring.\nrequire:\n")
    return high("R011", path)


def digit_lost_in_a_reformatted_folder(draft: Draft) -> Finding:
    """Write all configs of a team in flow style, and lose a zero of one least number of rows: R020, medium."""
    path = draft.pick(has("expect.columns"))
    for each in pipelines(draft, folder(path)):
        write_in_flow_style(draft, each)
    draft.replace(path, "min: 5000", "min: 500")
    return medium("R020", path)


def share_becomes_a_count(draft: Draft) -> Finding:
    """Tag a dozen pipelines, and write the 5 % of one column that may be missing as 5, which is a count: R020, medium."""
    path, *others = draft.pick_many(12, has("expect.columns"))
    for each in others:
        draft.files[each] += "tags: [reviewed]\n"
    draft.replace(path, "nulls: 0.05", "nulls: 5")
    return medium("R020", path)


def column_renamed_upstream(draft: Draft) -> Finding:
    """Follow a column's new name in the features and contracts of a team: R073, medium, as users must send it by that name."""
    team = turn(draft, *TEAMS)
    for path in pipelines(draft, f"configs/{team.name}/"):
        draft.files[path] = draft.files[path].replace(team.numbers[1], f"{team.numbers[1]}_v2")
    return medium("R073", f"configs/{team.name}/")


def warns_beside_a_patch(draft: Draft) -> Finding:
    """Raise a library by a patch, note it in the docs, and let one gate only warn `for now`: R012, high."""
    path = draft.pick(has("require"))
    draft.replace("requirements.txt", "joblib==1.5.2", "joblib==1.5.3")
    draft.files["docs/runbook.md"] += "\njoblib 1.5.3 writes the same files.\n"
    draft.files[path] += "gate: warn  # for now\n"
    return high("R012", path)


def separator_lost_in_the_short_form(draft: Draft) -> Finding:
    """Write sources as a plain URL, and lose the separator of one: R054, medium."""
    path = draft.pick(has("source.separator"))
    with draft.edit(path) as config:
        config["source"] = config["source"]["url"]
        config["description"] += " Written shorter."
    return medium("R054", path)


# New pipelines that were copied.


def team_copied_but_one_output(draft: Draft) -> Finding:
    """Copy all configs of a team for a new one, and forget the output of one: an error of that config."""
    path = draft.pick(has("require", "resources", "drop"))
    where, new = folder(path), "configs/returns/"
    team = where.split("/")[1]
    for old in [*pipelines(draft, where), f"{where}defaults.yml"]:
        text = draft.files[old].replace("{models}/" + team, "{models}/returns")
        draft.files[old.replace(where, new)] = text
    forgotten = path.replace(where, new)
    draft.replace(forgotten, "{models}/returns", "{models}/" + team)
    return error(forgotten)


def matrix_copied_with_a_region(draft: Draft) -> Finding:
    """Copy a matrix for other regions and leave one of the old ones in it, so that four pipelines write two outputs: an error."""
    path = draft.pick(has("matrix"))
    new = path.replace("by_region", "by_country")
    config = draft.read(path)
    config["matrix"]["region"] = ["us", "ca", turn(draft, "emea", "apac", "latam")]
    draft.write(new, config)
    return error(new)


def copy_inside_a_run(draft: Draft) -> Finding:
    """Copy a pipeline, and write its models into the other one's run folder: R006, high, or an error."""
    path = draft.pick(has("require", "resources", "drop"))
    new = path.replace(".yml", "_nordics.yml")
    draft.files[new] = draft.files[path].replace("/{{ ds }}/", "/{{ ds }}/nordics/")
    return high("R006", new, path)


def copy_with_another_module(draft: Draft) -> Finding:
    """Copy a pipeline for another module, and leave a param that the module does not take: an error of the copy."""
    path = draft.pick(has("model.params.learning_rate"))
    new = path.replace(".yml", "_forest.yml")
    text = draft.files[path].replace("module: boosted_", "module: forest_")
    draft.files[new] = text.replace("/{{ ds }}/", "_forest/{{ ds }}/")
    return error(new)


def scores_among_the_models(draft: Draft) -> Finding:
    """Add a scoring pipeline that writes into the folder of the models which it follows: an error of the new config."""
    path = draft.pick(has("schedule.assets"))
    new = path.replace("_scores", "_ranking")
    draft.files[new] = draft.files[path].replace("_scores/", "/")
    return error(new)


def script_copied_without_checks(draft: Draft) -> Finding:
    """Copy a pipeline around an old script, which has neither gates nor a contract: R015, low."""
    path = draft.pick(has("queue"))
    new = path.replace("_legacy", "_yearly")
    draft.files[new] = draft.files[path].replace("_legacy/", "_yearly/")
    return low("R015", new)


def copy_reads_over_http(draft: Draft) -> Finding:
    """Copy an experiment, with a source of its own that is read over plain HTTP: R052, high."""
    path = draft.pick(lacks("schedule"))
    new = path.replace("_draft", "_survey")
    text = draft.files[path].replace("_draft/", "_survey/")
    draft.files[new] = text.replace("https://", "http://")
    return high("R052", new)


# Calendars and clocks.


def monthly(draft: Draft) -> Finding:
    """Train on the first of a month instead of daily, to save cost: R034, medium."""
    path = draft.pick(runs_daily)
    with draft.edit(path) as config:
        config["schedule"] = config["schedule"].replace("* * *", "1 * *")
    return medium("R034", path)


def quarterly(draft: Draft) -> Finding:
    """Train the six models of a matrix each quarter instead of each week: R034, medium."""
    path = draft.pick(has("matrix"))
    with draft.edit(path) as config:
        config["schedule"] = "45 5 1 1,4,7,10 *"
    return medium("R034", path)


def team_starts_years_ahead(draft: Draft) -> Finding:
    """Mistype the year of a team's first day, years ahead: R035, medium."""
    team = turn(draft, *TEAMS)
    with draft.edit(f"configs/{team.name}/defaults.yml") as config:
        config["start_date"] = date(2062, 1, 5)
    return medium("R035", f"configs/{team.name}/")


def every_eight_hours(draft: Draft) -> Finding:
    """Count hours instead of naming one, so that three runs a day write one folder: R005, medium."""
    path = draft.pick(runs_daily)
    with draft.edit(path) as config:
        config["schedule"] = {"every": "8h"}
    return medium("R005", path)


def around_midnight_in_tokyo(draft: Draft) -> Finding:
    """Run shortly before and after Tokyo's midnight, which is one day in UTC: R005, medium."""
    path = draft.pick(runs_daily)
    with draft.edit(path) as config:
        config |= {"schedule": "30 0,23 * * *", "timezone": "Asia/Tokyo"}
    return medium("R005", path)


def past_runs_of_an_environment(draft: Draft) -> Finding:
    """Turn catchup on in production, by a line of its defaults: R032, high."""
    with draft.edit(PROD) as config:
        config["defaults"]["catchup"] = True
        config["defaults"]["max_active_runs"] = 2 + draft.number
    return high("R032", CONFIGS)


def renamed_with_catchup(draft: Draft) -> Finding:
    """Rename a pipeline that has catchup, so that all its past runs start again under the new id: R032, high."""
    path = draft.pick(runs_daily)
    draft.files[path] += "catchup: true\n"
    draft.commit()
    new = path.replace(".yml", "_daily.yml")
    draft.move(path, new)
    return high("R032", new)


# Matrices.


def axis_half_renamed(draft: Draft) -> Finding:
    """Rename an axis in the matrix and the output, and forget the source: an error."""
    path = draft.pick(has("matrix"))
    with draft.edit(path) as config:
        config["matrix"] = {"market": config["matrix"].pop("region"), **config["matrix"]}
        config["output"] = config["output"].replace("matrix.region", "matrix.market")
    return error(path)


def axes_swapped(draft: Draft) -> Finding:
    """Put the axes into another order, which is that of the DAG's name: R040, medium."""
    path = draft.pick(has("matrix"))
    with draft.edit(path) as config:
        config["matrix"] = dict(reversed(config["matrix"].items()))
    return medium("R040", path)


def combination_left_out(draft: Draft) -> Finding:
    """Leave out one combination, and with it a pipeline whose models are read: R045, medium."""
    path = draft.pick(has("matrix"))
    with draft.edit(path) as config:
        region = draft.random.choice(config["matrix"]["region"])
        config["matrix"]["exclude"] = [{"region": region, "model": config["matrix"]["model"][1]}]
    return medium("R045", path)


def folders_the_other_way_round(draft: Draft) -> Finding:
    """Sort a matrix's models by model and region instead of region and model: R001, high."""
    path = draft.pick(has("matrix"))
    draft.replace(
        path, "${matrix.region}/${matrix.model}/{{ ds }}", "${matrix.model}/${matrix.region}/{{ ds }}"
    )
    return high("R001", path)


def gate_by_region(draft: Draft) -> Finding:
    """Name the least value by region, the same as before but for one, where it is lower: R010, high."""
    path = draft.pick(has("matrix"))
    with draft.edit(path) as config:
        metric = next(iter(config["require"]))
        least = config["require"][metric]["min"]
        config["require"][metric]["min"] = "${matrix.least}"
        bounds = dict.fromkeys(config["matrix"]["region"], least) | {"latam": round(least - 0.1, 2)}
        config["matrix"]["include"] = [{"region": region, "least": bound} for region, bound in bounds.items()]
    return high("R010", path)


def region_gets_its_own_file(draft: Draft) -> Finding:
    """Move one region of a matrix to a config of its own that writes where it wrote: new DAG ids, R040 or R007, medium."""
    path = draft.pick(has("matrix"))
    region = turn(draft, "emea", "apac", "latam")
    new = path.replace("by_region", f"in_{region}")
    draft.files[new] = draft.files[path].replace("${matrix.region}", region)
    with draft.edit(new) as config:
        del config["matrix"]["region"]
    with draft.edit(path) as config:
        config["matrix"]["region"].remove(region)
    return Finding(("medium",), ("R040", "R007"), (path, new))


def included_model_misspelt(draft: Draft) -> Finding:
    """Include one more combination, whose module is misspelt: an error."""
    path = draft.pick(has("matrix"))
    with draft.edit(path) as config:
        config["matrix"]["include"] = [{"region": "us", "model": "bosted_numbers"}]
    return error(path)


# Variables, environments and layers.


def gate_by_variable(draft: Draft) -> Finding:
    """Name a gate's least value by a variable that keeps it in dev and lowers it in prod: R010, high."""
    path = draft.pick(has("require.roc_auc"))
    with draft.edit(path) as config:
        config["require"]["roc_auc"]["min"] = "${least_auc}"
    for environment, least in ((DEV, 0.75), (PROD, 0.65)):
        with draft.edit(environment) as config:
            config["vars"]["least_auc"] = least
    return high("R010", path)


def variable_renamed_but_once(draft: Draft) -> Finding:
    """Rename a variable in both environments and in all configs but one: an error of that config."""
    path = draft.pick(has("require", "drop"))
    for each in pipelines(draft):
        if each != path:
            draft.files[each] = draft.files[each].replace("${data}", "${datasets}")
    for environment in (PROD, DEV):
        draft.replace(environment, "  data:", "  datasets:")
    return error(path)


def credentials_of_dev(draft: Draft) -> Finding:
    """Paste the credentials of dev into prod's variables: R053, medium."""
    draft.replace(PROD, "registry: aws_models", "registry: aws_dev")
    return medium("R053", CONFIGS)


def data_of_an_environment_moves(draft: Draft) -> Finding:
    """Read all datasets of prod from another bucket, by a variable: R050, medium."""
    draft.replace(PROD, "datasets-prod", "datasets-prod-copy")
    return medium("R050", CONFIGS)


def retries_of_dev(draft: Draft) -> Finding:
    """Make prod's defaults as those of dev, with one retry instead of three: R060, medium."""
    with draft.edit(PROD) as config:
        config["defaults"]["retries"] = 1
    return medium("R060", CONFIGS)


def defaults_misnamed(draft: Draft) -> Finding:
    """Name a team's defaults in the singular, so that they count as a pipeline without a source: an error."""
    team = turn(draft, *TEAMS)
    draft.move(f"configs/{team.name}/defaults.yml", f"configs/{team.name}/default.yml")
    return error(f"configs/{team.name}/default.yml")


def project_defaults_removed(draft: Draft) -> Finding:
    """Remove the project's defaults as if all teams had their own: other credentials and fewer retries; R053 or R060, medium."""
    del draft.files[PROJECT]
    return Finding(("medium",), ("R053", "R060"), (CONFIGS,))


def pool_of_an_environment(draft: Draft) -> Finding:
    """Run everything in prod in one pool, which its defaults put above those of the teams: R064, low."""
    with draft.edit(PROD) as config:
        config["defaults"]["pool"] = "shared_training"
    return low("R064", CONFIGS)


# Shared code, libraries and the image.


def split_with_another_scaler(draft: Draft) -> Finding:
    """Split the columns' helper in two, and scale otherwise along the way; experiments have no gate: R078, medium."""
    draft.files[f"{MODELS}/scaling.py"] = (
        '"""How numbers are scaled."""\n\n'
        "from sklearn.compose import make_column_selector\n"
        "from sklearn.preprocessing import MinMaxScaler\n\n\n"
        "def scaled_numbers():\n"
        '    """Return the step for columns of numbers."""\n'
        '    return MinMaxScaler(), make_column_selector(dtype_include="number")\n'
    )
    path = f"{MODELS}/columns.py"
    draft.replace(
        path, '(StandardScaler(), make_column_selector(dtype_include="number"))', "scaled_numbers()"
    )
    draft.replace(path, "OrdinalEncoder, StandardScaler\n", "OrdinalEncoder\n")
    draft.replace(path, "\n\n\ndef", "\n\nfrom include.models.scaling import scaled_numbers\n\n\ndef")
    return medium("R078", *(path for path in pipelines(draft) if path.endswith("_draft.yml")))


def scores_rounded(draft: Draft) -> Finding:
    """Round the scores in the script that all scoring pipelines run without a gate: R078, medium."""
    draft.replace(f"{MODELS}/score.py", "joblib.dump(scores,", "joblib.dump(scores.round(1),")
    return medium("R078", *(path for path in pipelines(draft) if path.endswith("_scores.yml")))


def script_without_a_seed(draft: Draft) -> Finding:
    """Draw other trees at each run of the old script, which has no gate: R078, medium."""
    draft.replace(f"{MODELS}/legacy.py", "random_state=0", "n_jobs=4")
    return medium("R078", *(path for path in pipelines(draft) if path.endswith("_legacy.yml")))


def import_of_a_new_helper(draft: Draft) -> Finding:
    """Import a new helper, which imports a library that no requirement names: R017, high."""
    draft.files[f"{MODELS}/flags.py"] = (
        '"""Flags of the boosted models."""\n\nimport lightgbm\n\nROWS = lightgbm.LGBMModel\n'
    )
    draft.replace(
        f"{MODELS}/boosted_numbers.py",
        "import prepare\n",
        "import prepare\nfrom include.models.flags import ROWS  # noqa: F401\n",
    )
    return high("R017", CONFIGS)


def library_without_a_pin(draft: Draft) -> Finding:
    """Take the pin from scikit-learn, so that the next image brings whatever is newest; experiments have no gate: R078, medium."""
    draft.replace("requirements.txt", "scikit-learn==1.8.0", "scikit-learn")
    return medium("R078", CONFIGS)


def python_of_the_image(draft: Draft) -> Finding:
    """Build the image on another minor version of Python, with which older models may not load: any risk."""
    draft.replace("Dockerfile", "python-3.12", "python-3.13")
    return noted(CONFIGS)


def module_removed_too_early(draft: Draft) -> Finding:
    """Remove a module that matrices still name by an axis: an error of each of them."""
    del draft.files[f"{MODELS}/forest_numbers.py"]
    return error(*(f"configs/{team.name}/by_region.yml" for team in TEAMS if not team.positive))


def other_loss_behind_gates(draft: Draft) -> Finding:
    """Learn by another loss in the streamed models, which gates judge: R079, low."""
    draft.replace(f"{MODELS}/streamed_classes.py", 'loss="log_loss"', 'loss="modified_huber"')
    return low(
        "R079",
        *(path for path in pipelines(draft) if path.endswith("_stream.yml") and _is_classes(draft, path)),
    )


def _is_classes(draft: Draft, path: str) -> bool:
    return get(draft.read(path), "model.module") == "streamed_classes"


# Hand-overs and farewells.


def moved_to_an_archive(draft: Draft) -> Finding:
    """Move a config to a folder named archive, where it goes on to run as another DAG: R040, medium."""
    path = draft.pick(has("require", "wait_for"))
    new = f"configs/archive/{path.split('/')[1]}_{path.split('/')[2]}"
    draft.move(path, new)
    return medium("R040", path, new)


def followed_one_switched_off(draft: Draft) -> Finding:
    """Switch a pipeline off by another suffix, while a scoring pipeline waits for its models: R041, high."""
    path = draft.pick(has("require", "resources", "drop"), f"/{turn(draft, *FOLLOWED)}.")
    draft.move(path, f"{path}.off")
    return high("R041", path, path.replace(".yml", "_scores.yml"))


def switched_off(draft: Draft) -> Finding:
    """Switch a pipeline off by another suffix, while people read its latest model: R045, medium."""
    path = draft.pick(has("require", "wait_for"))
    draft.move(path, f"{path}.bak")
    return medium("R045", path)


def handed_to_another_team(draft: Draft) -> Finding:
    """Give a pipeline to another team, whose folder its models go to from now on: R001, high."""
    path = draft.pick(has("require", "wait_for"), "churn/")
    new = path.replace("churn/", "marketing/").replace(".yml", "_churn.yml")
    draft.move(path, new)
    draft.replace(new, "{models}/churn/", "{models}/marketing/churn_")
    return high("R001", path, new)


def replaced_by_a_second_version(draft: Draft) -> Finding:
    """Replace a pipeline by a second version with its own folder: readers of the old one get no new models; R001, high, or R045, medium."""
    path = draft.pick(has("require", "wait_for"))
    new = path.replace(".yml", "_v2.yml")
    config = draft.read(path)
    config["model"] = {"module": config["model"]["module"].replace("boosted", "forest")}
    config["output"] = config["output"].replace("/{{ ds }}/", "_v2/{{ ts_nodash }}/")
    config["description"] = "The second version, by random trees."
    del draft.files[path]
    draft.write(new, config)
    return Finding(("high", "medium"), ("R001", "R045"), (path, new))


def old_file_left_beside_the_new(draft: Draft) -> Finding:
    """Write a config as .yaml with a stricter gate, and leave the .yml beside it: an error, as both make one DAG."""
    path = draft.pick(has("require.mae"))
    new = path.replace(".yml", ".yaml")
    draft.files[new] = draft.files[path].replace("max: 40", "max: 35")
    return error(path, new)


def followed_one_ended(draft: Draft) -> Finding:
    """End a pipeline in the past while a scoring pipeline goes on to wait for it: R031, medium."""
    path = draft.pick(has("require", "resources", "drop"), f"/{turn(draft, *FOLLOWED)}.")
    with draft.edit(path) as config:
        config["end_date"] = date(2026, 3, 31)
    return medium("R031", path)


def experiment_goes_live(draft: Draft) -> Finding:
    """Give an experiment a schedule and unpause it in its config, which Airflow does not read any more: R066, medium."""
    path = draft.pick(has("paused"))
    with draft.edit(path) as config:
        config |= {"schedule": "0 6 * * 1", "paused": False}
    return medium("R066", path)


KINDS = (
    bad(
        "half-done refactorings",
        retries_of_a_team_forgotten,
        connection_of_a_team_forgotten,
        limit_reaches_the_long_ones,
        smallest_minimum_for_all,
        recall_lost_on_the_way,
    ),
    bad(
        "slips among other edits",
        renamed_sorted_and_loosened,
        gate_commented_out,
        digit_lost_in_a_reformatted_folder,
        share_becomes_a_count,
        column_renamed_upstream,
        warns_beside_a_patch,
        separator_lost_in_the_short_form,
    ),
    bad(
        "copies",
        team_copied_but_one_output,
        matrix_copied_with_a_region,
        copy_inside_a_run,
        copy_with_another_module,
        scores_among_the_models,
        script_copied_without_checks,
        copy_reads_over_http,
    ),
    bad(
        "calendars",
        monthly,
        quarterly,
        team_starts_years_ahead,
        every_eight_hours,
        around_midnight_in_tokyo,
        past_runs_of_an_environment,
        renamed_with_catchup,
    ),
    bad(
        "axes",
        axis_half_renamed,
        axes_swapped,
        combination_left_out,
        folders_the_other_way_round,
        gate_by_region,
        region_gets_its_own_file,
        included_model_misspelt,
    ),
    bad(
        "variables and layers",
        gate_by_variable,
        variable_renamed_but_once,
        credentials_of_dev,
        data_of_an_environment_moves,
        retries_of_dev,
        defaults_misnamed,
        project_defaults_removed,
        pool_of_an_environment,
    ),
    bad(
        "shared code and image",
        split_with_another_scaler,
        scores_rounded,
        script_without_a_seed,
        import_of_a_new_helper,
        library_without_a_pin,
        python_of_the_image,
        module_removed_too_early,
        other_loss_behind_gates,
    ),
    bad(
        "hand-overs",
        moved_to_an_archive,
        followed_one_switched_off,
        switched_off,
        handed_to_another_team,
        replaced_by_a_second_version,
        old_file_left_beside_the_new,
        followed_one_ended,
        experiment_goes_live,
    ),
)

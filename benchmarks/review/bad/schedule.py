"""Changes of when pipelines run."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from benchmarks.review.draft import has
from benchmarks.review.kinds import bad, error, high, medium, serious

if TYPE_CHECKING:
    from benchmarks.review.draft import Draft
    from benchmarks.review.kinds import Finding
    from benchmarks.review.project import Config


def runs_daily(config: Config) -> bool:
    """Return whether a pipeline runs each day."""
    return str(config.get("schedule", "")).endswith("* * *") and "wait_for" not in config


def every_few_minutes(draft: Draft) -> Finding:
    """Run a daily training every five or ten minutes: R030, medium."""
    path = draft.pick(runs_daily)
    with draft.edit(path) as config:
        config["schedule"] = draft.random.choice(("*/5 * * * *", "*/10 * * * *"))
        config["output"] = config["output"].replace("{{ ds }}", "{{ ts_nodash }}")
    return medium("R030", path)


def minute_of_each_hour(draft: Draft) -> Finding:
    """Run a daily training every hour, because its hour was left out: R030, medium."""
    path = draft.pick(runs_daily)
    with draft.edit(path) as config:
        config["schedule"] = f"{config['schedule'].split()[0]} * * * *"
        config["output"] = config["output"].replace("{{ ds }}", "{{ ts_nodash }}")
    return medium("R030", path)


def weekly_to_daily(draft: Draft) -> Finding:
    """Run a training on all years' data daily instead of weekly, seven times as often: R030, medium."""
    path = draft.pick(has("fit"))
    with draft.edit(path) as config:
        config["schedule"] = "0 2 * * *"
    return medium("R030", path)


def past_runs(draft: Draft) -> Finding:
    """Turn catchup on, so that 300 past runs start: R032, high."""
    path = draft.pick(runs_daily)
    with draft.edit(path) as config:
        config["catchup"] = True
    return high("R032", path)


def past_runs_of_a_team(draft: Draft) -> Finding:
    """Turn catchup on for a team, by a line of its defaults: R032, high."""
    path = draft.pick(runs_daily)
    folder = path.rpartition("/")[0] + "/"
    with draft.edit(f"{folder}defaults.yml") as config:
        config["catchup"] = True
    return high("R032", folder)


def new_with_past_runs(draft: Draft) -> Finding:
    """Add a pipeline with catchup and a first day two years ago: R032, high."""
    path = draft.pick(has("require", "model.class"))
    new = path.replace(".yml", "_history.yml")
    config = draft.read(path)
    config["output"] = config["output"].replace("/{{ ds }}/", "_history/{{ ds }}/")
    draft.write(new, config | {"catchup": True, "start_date": date(2024, 11, 1)})
    return high("R032", new)


def matrix_grows(draft: Draft) -> Finding:
    """Give a matrix of six pipelines an axis of five values: R042, medium."""
    path = draft.pick(has("matrix"))
    with draft.edit(path) as config:
        config["matrix"]["season"] = ["spring", "summer", "autumn", "winter", "year"]
        config["output"] = config["output"].replace("/{{ ds }}/", "/${matrix.season}/{{ ds }}/")
    return medium("R042", path)


def regions_added(draft: Draft) -> Finding:
    """Give a matrix ten regions instead of three: R042, medium."""
    path = draft.pick(has("matrix"))
    with draft.edit(path) as config:
        config["matrix"]["region"] += ["us", "ca", "mx", "uk", "jp", "in", "br"]
    return medium("R042", path)


def schedule_removed(draft: Draft) -> Finding:
    """Remove the schedule: R031, medium."""
    path = draft.pick(runs_daily)
    with draft.edit(path) as config:
        del config["schedule"]
    return medium("R031", path)


def schedule_nulled_in_asset(draft: Draft) -> Finding:
    """Undo the schedule of a scoring pipeline by `null`: R031, medium."""
    path = draft.pick(has("schedule.assets"))
    with draft.edit(path) as config:
        config["schedule"] = None
    return medium("R031", path)


def end_in_the_past(draft: Draft) -> Finding:
    """Set an end date that has passed: R031, medium."""
    path = draft.pick(runs_daily)
    with draft.edit(path) as config:
        config["end_date"] = date(2026, 10, draft.random.randrange(1, 28))
    return medium("R031", path)


def start_far_ahead(draft: Draft) -> Finding:
    """Set a start date nine months ahead, by a mistyped year: it stops running; at least medium."""
    path = draft.pick(runs_daily)
    with draft.edit(path) as config:
        config["start_date"] = date(2027, 9, 1)
    return serious(path)


def yearly(draft: Draft) -> Finding:
    """Run a daily training once a year, by a day and a month in the wrong fields: at least medium."""
    path = draft.pick(runs_daily)
    with draft.edit(path) as config:
        config["schedule"] = "0 3 1 1 *"
    return serious(path)


def day_that_never_comes(draft: Draft) -> Finding:
    """Run on the 31st of February: an error, or at least medium."""
    path = draft.pick(runs_daily)
    with draft.edit(path) as config:
        config["schedule"] = "0 3 31 2 *"
    return serious(path)


def ends_for_a_team(draft: Draft) -> Finding:
    """Set an end date that has passed for a whole team, by a line of its defaults: R031, medium."""
    path = draft.pick(runs_daily)
    folder = path.rpartition("/")[0] + "/"
    with draft.edit(f"{folder}defaults.yml") as config:
        config["end_date"] = date(2026, 11, 1)
    return medium("R031", folder)


def circle(draft: Draft) -> Finding:
    """Schedule a training on the scores that its own model triggers, so that neither ever runs: an error."""
    path = draft.pick(has("schedule.assets"))
    trained = path.replace("_scores", "")
    with draft.edit(trained) as config:
        config["schedule"] = {"assets": [draft.read(path)["output"].partition("{{")[0]]}
    return error(path, trained)


def asset_mistyped(draft: Draft) -> Finding:
    """Follow an asset that nobody writes, because a letter is missing: it never runs again; at least medium."""
    path = draft.pick(has("schedule.assets"))
    with draft.edit(path) as config:
        (url,) = config["schedule"]["assets"]
        config["schedule"]["assets"] = [url[:-2] + "/"]
    return serious(path)


def asset_added_that_nobody_writes(draft: Draft) -> Finding:
    """Wait for a second asset that nobody writes: it never runs again; at least medium."""
    path = draft.pick(has("schedule.assets"))
    with draft.edit(path) as config:
        config["schedule"]["assets"].append("s3://${models}/approvals/weekly/")
    return serious(path)


def follower_left_behind(draft: Draft) -> Finding:
    """Move a model but not the schedule of the scoring pipeline that follows it: the follower must be named, at least medium."""
    follower = draft.pick(has("schedule.assets"))
    draft.replace(follower.replace("_scores", ""), "s3://${models}/", "s3://${models}/v2/")
    return serious(follower)


def followed_removed(draft: Draft) -> Finding:
    """Remove a pipeline whose models others wait for: R041, high."""
    follower = draft.pick(has("schedule.assets"))
    path = follower.replace("_scores", "")
    del draft.files[path]
    return high("R041", path, follower)


def new_on_a_missing_asset(draft: Draft) -> Finding:
    """Add a pipeline that follows an asset which nobody writes: it never runs; at least medium."""
    path = draft.pick(has("schedule.assets"))
    new = path.replace("_scores", "_summary")
    config = draft.read(path)
    config["schedule"] = {"assets": [f"s3://${{models}}/{path.split('/')[1]}/retial/"]}
    config["output"] = config["output"].replace("_scores/", "_summaries/")
    draft.write(new, config)
    return serious(new)


KINDS = (
    bad(
        "too many runs",
        every_few_minutes,
        minute_of_each_hour,
        weekly_to_daily,
        past_runs,
        past_runs_of_a_team,
        new_with_past_runs,
        matrix_grows,
        regions_added,
    ),
    bad(
        "no more runs",
        schedule_removed,
        schedule_nulled_in_asset,
        end_in_the_past,
        ends_for_a_team,
        start_far_ahead,
        yearly,
        day_that_never_comes,
    ),
    bad(
        "assets",
        circle,
        asset_mistyped,
        asset_added_that_nobody_writes,
        follower_left_behind,
        followed_removed,
        new_on_a_missing_asset,
    ),
)

"""A dataset in, a config out that is right, and that trains."""

from __future__ import annotations

import functools
import gzip
import random
import threading
from dataclasses import replace
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pandas as pd
import pytest

from refinery.config import load_pipeline
from refinery.rendering.loader import build_dag
from refinery.training import train

ROWS = 150
PETROL = "https://iasd-data-in-the-cloud.s3.eu-west-3.amazonaws.com/petrol_consumption.csv"
HEAD = "# yaml-language-server: $schema=schema.json\n# Proposed from the first {rows} rows; docs/configuration.md lists every key.\n"
UNSCHEDULED = '# schedule: "@daily"  # without one, it runs only when triggered\n'
PLAIN = f"""\
{HEAD.format(rows=ROWS)}description: "y, predicted from 2 columns of table.csv."
{UNSCHEDULED}source: s3://datasets/table.csv
target: "y"  # regression
model: sklearn.ensemble.RandomForestRegressor
output: s3://models/churn/{{{{ ds }}}}/
"""
NUMBERS = random.Random(0)


def number() -> str:
    return f"{NUMBERS.random():.4f}"


def table(header: str, *columns) -> str:
    return f"{header}\n" + "".join(",".join(column(row) for column in columns) + "\n" for row in range(ROWS))


def numbers(header: str = "a,b,y") -> str:
    return table(header, *[lambda _: number()] * len(header.split(",")))


EUROPEAN = "kunde;größe;stadt;umsatz\n" + "".join(
    f"{row};{number()};{('Köln', 'Ulm')[row % 2]};{number()}\n".replace(".", ",") for row in range(ROWS)
)
EVENTS = table(
    "id,when,city,on,note,x y,churned",
    str,
    lambda row: f"2026-01-{row % 28 + 1:02}",
    lambda row: ("Oslo", "Rom", "")[row % 3],
    lambda row: ("true", "false")[row % 2],
    lambda row: f"note {row}",
    lambda _: number(),
    lambda row: str(row % 7 % 2),
)


# What a dataset holds, and what is proposed for it.
PROPOSALS = {
    "european.csv": (
        EUROPEAN.encode("cp1252"),
        (
            'description: "umsatz, predicted from 3 columns of european.csv."\n'
            f"{UNSCHEDULED}"
            "source:\n"
            "  url: s3://datasets/european.csv\n"
            '  separator: ";"\n'
            '  decimal: ","\n'
            "  encoding: cp1252\n"
            "  dtypes:\n"
            "    stadt: category\n"
            "target: umsatz  # regression\n"
            "model: sklearn.ensemble.HistGradientBoostingRegressor\n"
            "output: s3://models/churn/{{ ds }}/\n"
        ),
    ),
    "events.csv.gz": (
        gzip.compress(EVENTS.encode(), mtime=0),
        (
            'description: "churned, predicted from 3 columns of events.csv.gz."\n'
            f"{UNSCHEDULED}"
            "source:\n"
            "  url: s3://datasets/events.csv.gz\n"
            "  dtypes:\n"
            "    city: category\n"
            "target: churned  # classification\n"
            "drop:\n"
            "  - id  # names the rows\n"
            "  - when  # is a date; remove this line to learn from it\n"
            "  - note  # holds a different text in every row\n"
            "model: sklearn.ensemble.HistGradientBoostingClassifier\n"
            "output: s3://models/churn/{{ ds }}/\n"
        ),
    ),
    "measured.data": (
        numbers("0.1,0.2,0.3"),
        (
            'description: "2, predicted from 2 columns of measured.data."\n'
            f"{UNSCHEDULED}"
            "source:\n"
            "  url: s3://datasets/measured.data\n"
            "  header: false\n"
            "  format: csv\n"
            'target: "2"  # regression\n'
            "model: sklearn.ensemble.RandomForestRegressor\n"
            "output: s3://models/churn/{{ ds }}/\n"
        ),
    ),
    "many ${x} names.csv": (
        numbers('yes,b: c,"say ""hi""",null'),
        (
            'description: "null, predicted from 3 columns of many $${x} names.csv."\n'
            f"{UNSCHEDULED}"
            'source: "s3://datasets/many $${x} names.csv"\n'
            'target: "null"  # regression\n'
            "model: sklearn.ensemble.RandomForestRegressor\n"
            "output: s3://models/churn/{{ ds }}/\n"
        ),
    ),
    "sentinels.csv": (
        table("CO,x,y", lambda row: "-200" if row % 3 else "2.5", lambda _: number(), lambda _: number()),
        (
            '# Note: the column "CO" holds -200 in 100 rows: is it a missing value (null_values)?\n'
            'description: "y, predicted from 2 columns of sentinels.csv."\n'
            f"{UNSCHEDULED}"
            "source: s3://datasets/sentinels.csv\n"
            'target: "y"  # regression\n'
            "model: sklearn.ensemble.RandomForestRegressor\n"
            "output: s3://models/churn/{{ ds }}/\n"
        ),
    ),
    "marks.csv": (
        table(
            "x,z,y",
            lambda row: "?" if row % 9 == 0 else number(),
            lambda _: number(),
            lambda row: "ab"[row % 2],
        ),
        (
            'description: "y, predicted from 2 columns of marks.csv."\n'
            f"{UNSCHEDULED}"
            "source:\n"
            "  url: s3://datasets/marks.csv\n"
            '  null_values: ["?"]\n'
            'target: "y"  # classification\n'
            "model: sklearn.ensemble.RandomForestClassifier\n"
            "output: s3://models/churn/{{ ds }}/\n"
        ),
    ),
    "shops.csv": (
        table(
            "size,sold,y",
            lambda row: f"{row}.5{'kM'[row % 2]}",
            lambda row: f'"{1 + row % 50},{100 + row}"',
            lambda _: number(),
        ),
        (
            '# Note: the column "sold" holds "1,100", which may be 1100 or 1.1: it is read as the first; as the second with '
            '{sold: {decimal: ","}} under source.numbers\n'
            'description: "y, predicted from 2 columns of shops.csv."\n'
            f"{UNSCHEDULED}"
            "source:\n"
            "  url: s3://datasets/shops.csv\n"
            '  thousands: ","\n'
            "  numbers:\n"
            "    size: {units: {k: 1000, M: 1000000}}\n"
            'target: "y"  # regression\n'
            "model: sklearn.ensemble.RandomForestRegressor\n"
            "output: s3://models/churn/{{ ds }}/\n"
        ),
    ),
    "labels.csv": (
        table("x,y", lambda _: number(), lambda row: "" if row % 50 == 0 else number()),
        (
            "# Note: 3 of 150 rows have no target; missing: drop leaves them out\n"
            'description: "y, predicted from 1 column of labels.csv."\n'
            f"{UNSCHEDULED}"
            "source: s3://datasets/labels.csv\n"
            'target: {column: "y", missing: drop}  # regression\n'
            "model: sklearn.ensemble.RandomForestRegressor\n"
            "output: s3://models/churn/{{ ds }}/\n"
        ),
    ),
    "cities.csv": (
        table("city,x,y", lambda row: f"city {row % 140}", lambda _: number(), lambda _: number()),
        (
            'description: "y, predicted from 1 column of cities.csv."\n'
            f"{UNSCHEDULED}"
            "source: s3://datasets/cities.csv\n"
            'target: "y"  # regression\n'
            "drop:\n"
            "  - city  # holds 140 different texts\n"
            "model: sklearn.ensemble.RandomForestRegressor\n"
            "output: s3://models/churn/{{ ds }}/\n"
        ),
    ),
}


# The targets that nobody but a person can know.
TARGETS = {"measured.data": "2", "many ${x} names.csv": "null", "labels.csv": "y"}


@pytest.fixture
def bucket(refinery):
    """The bucket that the embedded S3 server serves."""
    folder = refinery.root / ".local" / "s3" / "datasets"
    folder.mkdir(parents=True)

    def put(name, content):
        (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)

    return put


def body(refinery, path="configs/churn.yml"):
    """What a config says below its first lines."""
    return refinery.read(path).partition("every key.\n")[2]


@pytest.mark.parametrize("name", PROPOSALS)
def test_what_is_proposed_is_valid_and_trains(refinery, bucket, tmp_path, name):
    content, expected = PROPOSALS[name]
    bucket(name, content)
    chosen = ("--target", TARGETS[name]) if name in TARGETS else ()
    done = refinery("new", "churn", "--source", f"s3://datasets/{name}", *chosen)
    assert (done.returncode, done.stdout) == (0, "configs/churn.yml\n"), done.stderr
    assert done.stderr.endswith("It is valid. Try it: refinery demo churn\n")
    assert done.stderr.startswith("Target: ") == (not chosen)
    assert body(refinery) == expected

    dataset = tmp_path / name
    dataset.write_bytes(content.encode() if isinstance(content, str) else content)
    step = build_dag(load_pipeline(refinery.root / "configs", "churn")).get_task("train_model")
    assert train(step.training_spec(), dataset, tmp_path / "model", provenance={}).metrics


@pytest.fixture
def new(refinery, bucket, tmp_path):
    """The command, the bucket of its dataset, and a folder to train in."""
    return refinery, bucket, tmp_path


class TestTheFile:
    def test_it_is_short_and_begins_with_the_schema(self, refinery, bucket):
        bucket("table.csv", numbers())
        refinery("new", "churn", "--source", "s3://datasets/table.csv")
        assert refinery.read("configs/churn.yml") == PLAIN

    def test_in_a_folder_it_belongs_to_a_team(self, refinery, bucket):
        bucket("table.csv", numbers())
        done = refinery("new", "team_a/emea/churn", "--source", "s3://datasets/table.csv")
        text = refinery.read("configs/team_a/emea/churn.yml")
        assert text.startswith("# yaml-language-server: $schema=../../schema.json\n")
        assert text.endswith("output: s3://models/team_a/emea/churn/{{ ds }}/\n")
        assert "refinery demo team_a.emea.churn" in done.stderr

    def test_options_go_before_what_is_proposed(self, refinery, bucket):
        bucket("table.csv", numbers())
        options = ("--target", "a", "--model", "random_forest", "--output", "s3://elsewhere/x/{{ ds }}/")
        done = refinery(
            "new", "churn", "--source", "s3://datasets/table.csv", *options, "--schedule", "0 6 * * MON"
        )
        assert done.returncode == 0
        config = load_pipeline(refinery.root / "configs", "churn").config
        assert (config.target.column, config.model.module, config.schedule) == (
            "a",
            "random_forest",
            "0 6 * * MON",
        )
        assert config.output.url == "s3://elsewhere/x/{{ ds }}/"

    @pytest.mark.parametrize(
        ("values", "task", "model"),
        [
            (lambda row: str(row % 3), "classification", "RandomForestClassifier"),
            (lambda row: "ab"[row % 2], "classification", "RandomForestClassifier"),
            (lambda row: str(row % 2 + 0.5), "classification", "RandomForestClassifier"),
            (lambda row: str(row % 3 + 0.5), "regression", "RandomForestRegressor"),
            (lambda row: str(row % 90), "regression", "RandomForestRegressor"),
        ],
    )
    def test_the_task_follows_from_the_chosen_target(self, refinery, bucket, values, task, model):
        bucket("table.csv", table("first,b,y", values, lambda _: number(), lambda _: number()))
        refinery("new", "churn", "--source", "s3://datasets/table.csv", "--target", "first")
        assert f"target: first  # {task}\nmodel: sklearn.ensemble.{model}\n" in refinery.read(
            "configs/churn.yml"
        )

    @pytest.mark.parametrize(
        ("values", "linear", "boosting"),
        [
            (lambda row: "ab"[row % 2], "LogisticRegression", "LGBMClassifier"),
            (lambda row: str(row * 1.5), "Ridge", "LGBMRegressor"),
        ],
    )
    def test_a_search_is_proposed_where_it_is_asked_for(self, new, values, linear, boosting):
        refinery, bucket, tmp_path = new
        content = table(
            "first,b,c", values, lambda row: ["red", "green", "blue"][row % 3], lambda _: number()
        )
        bucket("table.csv", content)
        done = refinery(
            "new", "churn", "--source", "s3://datasets/table.csv", "--target", "first", "--search"
        )
        assert done.returncode == 0, done.stderr
        text = refinery.read("configs/churn.yml")
        assert f"    - class: sklearn.linear_model.{linear}\n    - class: lightgbm.{boosting}\n" in text
        (tmp_path / "table.csv").write_text(content)
        step = build_dag(load_pipeline(refinery.root / "configs", "churn")).get_task("train_model")
        spec = replace(step.training_spec(), search_trials=3, search_folds=2)
        found = train(spec, tmp_path / "table.csv", tmp_path / "model", provenance={}).manifest["search"]
        assert found["trials"]["failed"] == 0

    def test_a_search_next_to_a_model_is_refused(self, refinery, bucket):
        bucket("table.csv", numbers())
        done = refinery(
            "new", "churn", "--source", "s3://datasets/table.csv", "--search", "--model", "forest"
        )
        assert done.returncode == 2
        assert "candidates" in done.stderr

    def test_what_does_not_validate_is_shown_and_fails(self, refinery, bucket):
        bucket("table.csv", numbers())
        done = refinery("new", "churn", "--source", "s3://datasets/table.csv", "--schedule", "@dayly")
        assert done.returncode == 1
        assert (
            'configs/churn.yml:4:11: schedule: "@dayly" is not a preset; did you mean "@daily"?'
            in done.stderr
        )

    @pytest.mark.parametrize(
        ("other", "message"),
        [
            (
                "other",
                "is also the output of other (configs/other.yml), which existed before and stops running because churn sorts first",
            ),
            (
                "another",
                "is also the output of another (configs/another.yml), which keeps running because its id sorts first",
            ),
        ],
    )
    def test_it_is_checked_against_the_other_configs(self, refinery, bucket, other, message):
        bucket("table.csv", numbers())
        refinery.write(f"configs/{other}.yml")
        output = f"s3://models/{other}/{{{{ ds }}}}/"
        done = refinery("new", "churn", "--source", "s3://datasets/table.csv", "--output", output)
        assert done.returncode == 1
        assert f"configs/churn.yml:8:9: output: {message}" in done.stderr


class TestNames:
    @pytest.mark.parametrize("existing", ["configs/churn.yml", "configs/churn.yaml"])
    def test_a_config_that_is_there_is_not_replaced(self, refinery, bucket, existing):
        bucket("table.csv", numbers())
        refinery.write(existing, "mine")
        done = refinery("new", "churn", "--source", "s3://datasets/table.csv")
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr == f"{existing} exists. Choose another name, or replace it with --force.\n"
        assert refinery.read(existing) == "mine"

    def test_unless_forced(self, refinery, bucket):
        bucket("table.csv", numbers())
        refinery.write("configs/churn.yml", "mine")
        assert refinery("new", "churn.yml", "--source", "s3://datasets/table.csv", "--force").returncode == 0
        assert refinery.read("configs/churn.yml") == PLAIN

    @pytest.mark.parametrize(
        "name", ["my churn", "a.b", "../churn", "/tmp/churn", "a__b", "", "defaults", "environments/x", ".x"]
    )
    def test_a_name_that_no_pipeline_can_have_is_refused(self, refinery, name):
        done = refinery("new", name, "--source", "s3://datasets/table.csv")
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.startswith(f'"{name}" cannot be the name of a pipeline: ')

    def test_the_letters_of_a_name_are_reported(self, refinery):
        done = refinery("new", "my churn", "--source", "s3://datasets/table.csv")
        assert done.stderr == (
            '"my churn" cannot be the name of a pipeline: "my churn" cannot be part of a DAG id; '
            'use letters a-z, digits, "-" and "_".\n'
        )


class TestSources:
    def test_a_web_server(self, refinery, tmp_path):
        (tmp_path / "table.csv").write_text(numbers())
        handler = functools.partial(SimpleHTTPRequestHandler, directory=str(tmp_path))
        with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            url = f"http://127.0.0.1:{server.server_port}/table.csv"
            done = refinery("new", "churn", "--source", url)
            server.shutdown()
        assert done.returncode == 0, done.stderr
        assert load_pipeline(refinery.root / "configs", "churn").config.source.url == (url,)

    def test_parquet(self, refinery, bucket, tmp_path):
        frame = pd.DataFrame({"a": range(3000), "y": [number() for _ in range(3000)]}).astype(float)
        frame.to_parquet(tmp_path / "t.parquet")
        bucket("table.parquet", (tmp_path / "t.parquet").read_bytes())
        assert refinery("new", "churn", "--source", "s3://datasets/table.parquet").returncode == 0
        assert 'target: "y"  # regression\n' in refinery.read("configs/churn.yml")

    def test_the_first_file_of_a_pattern(self, refinery, bucket):
        bucket("b.csv", "no table")
        bucket("a.csv", numbers())
        assert refinery("new", "churn", "--source", "s3://datasets/*.csv").returncode == 0
        assert "source: s3://datasets/*.csv\n" in refinery.read("configs/churn.yml")

    def test_sample_data_by_its_path(self, refinery):
        (refinery.root / ".local/s3/iasd-data-in-the-cloud").mkdir(parents=True)
        path = "include/sample_data/iasd-data-in-the-cloud/petrol_consumption.csv"
        assert refinery("new", "petrol", "--source", path).returncode == 0
        assert "source: s3://iasd-data-in-the-cloud/petrol_consumption.csv\n" in refinery.read(
            "configs/petrol.yml"
        )

    def test_an_address_of_s3_stays_as_it_was_pasted(self, refinery):
        (refinery.root / ".local/s3/iasd-data-in-the-cloud").mkdir(parents=True)
        assert refinery("new", "petrol", "--source", PETROL).returncode == 0
        assert f"source: {PETROL}\n" in refinery.read("configs/petrol.yml")

    def test_of_a_large_file_only_the_beginning_is_brought(self, refinery, tmp_path):
        sent = 0

        class Endless(SimpleHTTPRequestHandler):
            def do_GET(self):
                nonlocal sent
                self.send_response(200)
                self.end_headers()
                self.wfile.write(b"a,b,y\n")
                while True:
                    sent += self.wfile.write(numbers("1,2,3").encode() * 20)

        with ThreadingHTTPServer(("127.0.0.1", 0), Endless) as server:
            server.handle_error = lambda *_: None
            threading.Thread(target=server.serve_forever, daemon=True).start()
            done = refinery("new", "churn", "--source", f"http://127.0.0.1:{server.server_port}/table.csv")
            server.shutdown()
        assert done.returncode == 0, done.stderr
        assert sent < 40_000_000
        assert "# Proposed from the first 20,000 rows" in refinery.read("configs/churn.yml")

    @pytest.mark.parametrize(
        ("source", "message"),
        [
            ("s3://datasets/nope.csv", "s3://datasets/nope.csv does not exist."),
            ("s3://datasets/page.csv", 'page.csv: it is a web page with the title "Login", not a table'),
            ("s3://datasets/{{ ds }}.csv", "Name the file of one date"),
            (
                "configs",
                "configs: pipelines read from S3 or the web. Upload the file, or for local work put it into .local/s3/datasets/;",
            ),
            ("nope.csv", '"nope.csv" is not a supported URL'),
            ("https://user:password@example.com/x.csv", "contains a user name or password"),
        ],
    )
    def test_what_cannot_be_looked_at_says_why_and_writes_nothing(self, refinery, bucket, source, message):
        bucket("page.csv", "<html><title>Login</title></html>")
        done = refinery("new", "churn", "--source", source)
        assert (done.returncode, done.stdout) == (1, "")
        assert message in done.stderr
        assert not (refinery.root / "configs/churn.yml").exists()

    def test_a_file_of_this_machine_is_offered_by_the_embedded_server(self, refinery):
        refinery.write("mine.csv", numbers())
        done = refinery("new", "churn", "--source", "mine.csv")
        assert done.returncode == 0, done.stderr
        assert "\nsource: s3://datasets/mine.csv\n" in refinery.read("configs/churn.yml")
        assert refinery.read(".local/s3/datasets/mine.csv") == refinery.read("mine.csv")

    def test_another_file_of_that_name_is_not_written_over(self, refinery):
        refinery.write("mine.csv", numbers())
        served = refinery.write(".local/s3/datasets/mine.csv", numbers())
        before = served.read_text()
        done = refinery("new", "churn", "--source", "mine.csv")
        assert "is a different dataset with this name; rename the file." in done.stderr
        assert (done.returncode, served.read_text()) == (1, before)

    def test_how_to_read_it_can_be_given(self, refinery, bucket):
        bucket("export.dump", EUROPEAN.replace(";", "\t").encode("cp1252"))
        source = ("--source", "s3://datasets/export.dump")
        done = refinery("new", "churn", *source)
        assert "set source.format to one of" in done.stderr
        assert done.stderr.endswith(" Here: --format.\n")

        options = (
            "--format",
            "csv",
            "--separator",
            r"\t",
            "--decimal",
            ",",
            "--encoding",
            "cp1252",
            "--header",
        )
        assert refinery("new", "churn", *source, *options).returncode == 0
        source = load_pipeline(refinery.root / "configs", "churn").config.source
        assert source.reading_options == {
            "format": "csv",
            "separator": "\t",
            "decimal": ",",
            "encoding": "cp1252",
            "header": True,
            "dtypes": {"stadt": "category"},
        }

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            (("--separator", ";;"), '--separator ";;": must be one character.'),
            (("--encoding", "latin9x"), '--encoding "latin9x": "latin9x" is not a text encoding; write one such as'),
            (("--decimal", ";", "--separator", ";"), '";" cannot be both the separator and the decimal mark'),
            (("--format", "parquet", "--no-header"), "--no-header: applies to csv and tsv, but the source is parquet"),
        ],
    )  # fmt: skip
    def test_what_a_source_does_not_accept_is_refused(self, refinery, bucket, options, message):
        bucket("table.csv", numbers())
        done = refinery("new", "churn", "--source", "s3://datasets/table.csv", *options)
        assert (done.returncode, done.stdout) == (1, "")
        assert message in done.stderr

    def test_an_option_that_does_not_fit_is_corrected_and_said(self, refinery, bucket):
        bucket("table.csv", numbers())
        done = refinery("new", "churn", "--source", "s3://datasets/table.csv", "--separator", ";")
        assert done.stderr.startswith('--separator ";" does not fit the file; proposed is ",".\n')
        assert load_pipeline(refinery.root / "configs", "churn").config.source.separator == ","

    def test_where_no_target_is_out_it_is_to_be_named(self, refinery, bucket):
        bucket("table.csv", numbers("a,price,cost,b"))
        done = refinery("new", "churn", "--source", "s3://datasets/table.csv")
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr == (
            'Each of "price" and "cost" may be the target, by its name. Name it with --target: "price", "cost".\n'
        )
        assert not (refinery.root / "configs/churn.yml").exists()

    def test_an_unknown_target_is_refused_with_the_nearest_column(self, refinery, bucket):
        bucket("table.csv", numbers("age,income,churned"))
        done = refinery("new", "churn", "--source", "s3://datasets/table.csv", "--target", "churn")
        assert done.stderr == 'The dataset has no column "churn"; did you mean "churned"?\n'
        assert done.returncode == 1


class TestQuestions:
    def test_a_person_is_asked(self, refinery, bucket):
        bucket("table.csv", numbers("age,income,churned"))
        status, shown = refinery.in_terminal(
            "new",
            "churn",
            "--source",
            "s3://datasets/table.csv",
            answers=("incme", "income", "random_forest", "@daily"),
        )
        assert status == 0
        assert 'The dataset has no column "incme"; did you mean "income"?' in shown
        config = load_pipeline(refinery.root / "configs", "churn").config
        assert (config.target.column, config.model.module, config.schedule) == (
            "income",
            "random_forest",
            "@daily",
        )

    def test_an_empty_answer_takes_what_is_proposed(self, refinery, bucket):
        bucket("table.csv", numbers())
        status, shown = refinery.in_terminal(
            "new", "churn", "--source", "s3://datasets/table.csv", answers=("", "", "")
        )
        assert status == 0
        assert 'Target: "y", because of its name and its numbers.' in shown
        assert "Target [y]: " in shown
        assert refinery.read("configs/churn.yml") == PLAIN

    def test_a_target_that_does_not_stand_out_has_no_default(self, refinery, bucket):
        bucket("table.csv", numbers("a,b,c"))
        status, shown = refinery.in_terminal(
            "new", "churn", "--source", "s3://datasets/table.csv", answers=("", "b", "", "")
        )
        assert status == 0
        assert "No column stands out as the target by its name or its values.\n" in shown
        assert load_pipeline(refinery.root / "configs", "churn").config.target.column == "b"

    def test_what_an_option_tells_is_not_asked(self, refinery, bucket):
        bucket("table.csv", numbers())
        options = ("--target", "y", "--model", "random_forest", "--schedule", "@daily")
        status, shown = refinery.in_terminal("new", "churn", "--source", "s3://datasets/table.csv", *options)
        assert status == 0
        assert "]: " not in shown

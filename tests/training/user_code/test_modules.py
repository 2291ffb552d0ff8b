"""What a user's module may be, and what is said of one that fails: its own file, its own line."""

from __future__ import annotations

import logging
import os
import pickle
import signal
import subprocess
import sys
import textwrap
import warnings
from pathlib import Path

import pytest

from refinery.training import ModuleModel
from refinery.training.errors import (
    ModelCodeError,
    ModelNotFoundError,
    ModelParamsError,
    TrainingError,
    UserCodeError,
)

OWN_ESTIMATOR = """
    class Mean:
        def fit(self, X, y):
            self.mean_ = y.mean()
            return self

        def predict(self, X):
            return [self.mean_] * len(X)

    def build_model():
        return Mean()
    """


def test_a_neighbor_imported_by_its_name_alone_is_found_where_it_lies(train_module, tmp_path):
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "helper_of_mine.py").write_text("")
    with pytest.raises(ModelCodeError) as error:
        train_module("from helper_of_mine import scale")
    assert str(error.value).endswith(
        'mine.py:1: the module cannot be imported: there is no top-level module "helper_of_mine", but helper_of_mine.py '
        'is in the models folder: import it as "include.models.helper_of_mine" (from include.models.helper_of_mine import ...).'
    )


@pytest.mark.parametrize(
    ("source", "error", "message"),
    [
        (
            "x = 1\n",
            ModelCodeError,
            "mine.py: it defines no function that brings a model: define exactly one of build_model, fit, train.",
        ),
        (
            "def train(a, b): pass\ndef build_model(): pass\n",
            ModelCodeError,
            "mine.py: it defines build_model and train: define exactly one of build_model, fit, train.",
        ),
        (
            "def build_model(:\n",
            ModelCodeError,
            "mine.py:1: the module cannot be imported: invalid syntax.",
        ),
        (
            "\nimport lightgbmm.sklearn\n",
            ModelCodeError,
            (
                'mine.py:2: the module cannot be imported: there is no module "lightgbmm"; '
                'add the package that provides "lightgbmm" to requirements.txt.'
            ),
        ),
        (
            "from airflow.operators.python_operator import PythonOperator\n",
            ModelCodeError,
            "mine.py:1: the module cannot be imported: No module named 'airflow.operators.python_operator'; a model needs nothing of Airflow",
        ),
        (
            "from sklearn.linear_model import Rigde\n",
            ModelCodeError,
            "mine.py:1: the module cannot be imported: cannot import name 'Rigde' from 'sklearn.linear_model'",
        ),
        (
            "\n1 / 0\n",
            UserCodeError,
            "mine.py:2: importing it raised ZeroDivisionError: division by zero\nTraceback",
        ),
        (
            "import sys\nsys.exit(3)\n",
            UserCodeError,
            "mine.py:2: importing it left the process with exit status 3\nTraceback",
        ),
        (
            "def build_model():\n    return [][1]\n",
            UserCodeError,
            "mine.py:2: build_model raised IndexError: list index out of range\nTraceback",
        ),
        (
            "def build_model():\n    return exit('done')\n",
            UserCodeError,
            "mine.py:2: build_model left the process with exit status 'done'\nTraceback",
        ),
        (
            "import sys\ndef build_model():\n    sys.exit()\n",
            UserCodeError,
            "mine.py:3: build_model left the process, by sys.exit(): let it return instead\nTraceback",
        ),
        (
            "import os\ndef build_model():\n    os._exit(0)\n",
            UserCodeError,
            "mine.py:3: build_model left the process with exit status 0\nTraceback",
        ),
        (
            (
                "import os\nclass Own:\n  def fit(self, X, y):\n    os._exit(7)\n  def predict(self, X): ...\n"
                "def build_model():\n  return Own()\n"
            ),
            UserCodeError,
            "mine.py:4: Own.fit left the process with exit status 7\nTraceback",
        ),
        (
            "def build_model():\n    raise MemoryError\n",
            TrainingError,
            "Memory ran out in build_model: use fewer",
        ),
        (
            "def build_model():\n    pass\n",
            ModelCodeError,
            "mine.py: build_model returned nothing: end it",
        ),
        (
            "from sklearn.linear_model import Ridge\ndef build_model():\n    return Ridge\n",
            ModelCodeError,
            "mine.py: build_model returned the class Ridge: return an instance, Ridge(...).",
        ),
        (
            "def build_model():\n    return {}\n",
            ModelCodeError,
            "mine.py: a dict has no fit and no predict method: a regressor or a classifier is needed.",
        ),
        (
            "from sklearn.preprocessing import StandardScaler\ndef build_model():\n    return StandardScaler()\n",
            ModelCodeError,
            "mine.py: a StandardScaler has no predict method",
        ),
        (
            (
                "class Own:\n  def fit(self, X, y):\n    raise KeyError('no')\n  def predict(self, X): ...\n"
                "def build_model():\n  return Own()\n"
            ),
            UserCodeError,
            "mine.py:3: Own.fit raised KeyError: 'no'\nTraceback",
        ),
        (
            "def train(data, model): pass\n",
            TrainingError,
            "mine.py: train did not write a model: pickle the model to",
        ),
        (
            "def train(data, model):\n    open(model, 'w').close()\n",
            TrainingError,
            "mine.py: train wrote a file that is not a model (it is empty): pickle",
        ),
        (
            "import os\ndef train(data, model):\n    os.mkdir(model)\n",
            TrainingError,
            "mine.py: train made a folder where the model's file belongs: pickle",
        ),
        (
            "def train(data, model):\n    open(model, 'wb').write(b'N.')\n    return 'fine'\n",
            TrainingError,
            "mine.py: train returned a str; return a mapping of metric names to numbers, or nothing.",
        ),
        (
            "def train(data, model):\n    open(model, 'wb').write(b'N.')\n    return {'mae': '3'}\n",
            TrainingError,
            "mine.py: train returned '3' (str) for the metric \"mae\"; return",
        ),
        (
            "def train(data, model):\n    import pandas\n    pandas.read_csv(data)['Petrol']\n",
            UserCodeError,
            "mine.py:3: train raised KeyError: 'Petrol'\nTraceback",
        ),
    ],
)
def test_a_module_that_fails_is_reported_with_its_own_file_and_line(
    train_module, tmp_path, source, error, message
):
    with pytest.raises(error) as raised:
        train_module(source)

    assert not raised.value.retryable
    assert str(raised.value).replace(f"{tmp_path / 'models'}/", "").startswith(message)
    assert not (tmp_path / "model" / "model.pkl").exists()
    assert not (tmp_path / "model" / "manifest.json").exists()


def test_a_traceback_starts_at_the_users_file(train_module):
    with pytest.raises(UserCodeError) as raised:
        train_module("def helper():\n    return {}['x']\n\ndef build_model():\n    return helper()\n")

    first, second = [line for line in str(raised.value).splitlines() if line.startswith("  File")]
    assert "mine.py" in first
    assert first.endswith("line 5, in build_model")
    assert second.endswith("line 2, in helper")


@pytest.mark.parametrize(
    ("params", "message"),
    [
        (
            {"n_estimator": 3},
            (
                'params: build_model does not take "n_estimator"; did you mean "n_estimators"? '
                'It accepts "n_estimators", "random_state".'
            ),
        ),
        (
            {"x": 1, "y": 2},
            'params: build_model does not take "x", "y". It accepts "n_estimators", "random_state".',
        ),
    ],
)
def test_params_that_build_model_does_not_take_are_named(train_petrol, params, message):
    with pytest.raises(ModelParamsError) as raised:
        train_petrol(params=params)

    assert str(raised.value) == message


def test_params_that_a_train_function_needs_or_does_not_take_are_named(train_module):
    source = "def train(data, model, *, depth): ..."

    with pytest.raises(ModelParamsError, match=r'params: train needs "depth". It accepts "depth".'):
        train_module(source)
    with pytest.raises(ModelParamsError, match=r'train does not take "dept"; did you mean "depth"\?'):
        train_module(source, params={"dept": 1})


def test_a_train_function_of_one_argument_is_refused(train_module):
    with pytest.raises(ModelCodeError, match="train must take the dataset's path and the model's path"):
        train_module("def train(data): ...")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "random_forrest",
            '"random_forrest" is not in .*; did you mean "random_forest"?.* It has "random_forest", "wine',
        ),
        ("../models/random_forest", "is not in"),
        ("__init__", "is not in"),
        ("", "is not in"),
        ("/etc/passwd", "is not in"),
    ],
)
def test_a_missing_module_is_reported_with_the_existing_ones(train_petrol, name, message):
    with pytest.raises(ModelNotFoundError, match=message):
        train_petrol(model=ModuleModel(name))


def test_modules_may_lie_in_folders(train_petrol, tmp_path):
    (tmp_path / "team").mkdir()
    (tmp_path / "team" / "own.py").write_text("from sklearn.linear_model import Ridge as build_model\n")

    assert (
        train_petrol(model=ModuleModel("team.own"), models_dir=tmp_path).manifest["model"]["name"]
        == "team.own"
    )


def test_a_module_named_as_a_library_replaces_nothing(train_petrol, tmp_path):
    (tmp_path / "json.py").write_text("from sklearn.linear_model import Ridge as build_model\n")
    before = sys.modules["json"]

    train_petrol(model=ModuleModel("json"), models_dir=tmp_path)

    assert sys.modules["json"] is before


def test_an_edited_module_is_run_as_edited(train_module):
    for alpha in (1.0, 2.0):
        result = train_module(
            f"from sklearn.linear_model import Ridge\ndef build_model(): return Ridge({alpha})\n"
        )
        mean_error = result.metrics["mae"]
        assert mean_error > 0
    assert (
        result.manifest["model"]["module_sha256"]
        != train_module(OWN_ESTIMATOR).manifest["model"]["module_sha256"]
    )


def test_an_estimator_class_of_the_users_own_is_trained_and_pickled(train_module, tmp_path):
    result = train_module(OWN_ESTIMATOR)

    assert result.manifest["evaluation"]["task"] == "regression"
    model = pickle.loads((tmp_path / "model" / "model.pkl").read_bytes())
    assert type(model).__module__ == "include.models.mine"


def test_what_user_code_prints_and_warns_goes_to_the_log_and_what_it_changes_is_undone(
    train_module, caplog, capsys
):
    source = """
        import os, warnings
        from sklearn.linear_model import Ridge

        def build_model():
            print("building", end="")
            warnings.simplefilter("error")
            os.chdir("/")
            print(" it")
            return Ridge()
        """
    folder, filters = Path.cwd(), list(warnings.filters)
    with caplog.at_level(logging.INFO, logger="refinery.training"):
        train_module(source)

    assert "building it" in caplog.messages
    assert capsys.readouterr().out == ""
    assert Path.cwd() == folder
    assert warnings.filters == filters


def test_forked_children_of_user_code_leave_as_they_like(train_module, caplog):
    source = """
        import os
        from sklearn.linear_model import Ridge

        def build_model():
            child = os.fork()
            if child == 0:
                os._exit(7)
            print("ended with", os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
            return Ridge()
        """
    with caplog.at_level(logging.INFO, logger="refinery.training"):
        train_module(source)

    assert "ended with 7" in caplog.messages


@pytest.mark.parametrize(
    ("statement", "logged"),
    [
        ("sys.stdout.buffer.write(b'bytes\\n')", ["bytes"]),
        ("sys.stdout.write('no end')", ["no end"]),
        ("print('half', end=''); sys.stdout.flush(); print(' and half')", ["half and half"]),
        ("[print(f'{n} %', end='\\r') for n in (10, 20)]", ["10 %", "20 %"]),
        ("print(sys.stdout.encoding, sys.stdout.isatty(), sys.stdout.writable())", ["utf-8 False True"]),
        ("print('\\udcff')", ["?"]),
        ("logging.getLogger().addHandler(logging.StreamHandler(sys.stdout)); print('once')", ["once"]),
    ],
)
def test_the_standard_output_of_user_code_is_a_whole_stream(
    train_module, caplog, monkeypatch, statement, logged
):
    monkeypatch.setattr(logging.getLogger(), "handlers", list(logging.getLogger().handlers))
    with caplog.at_level(logging.INFO, logger="refinery.training"):
        train_module(
            "import logging, sys\nfrom sklearn.linear_model import Ridge\n"
            f"def build_model():\n    {statement}\n    return Ridge()\n"
        )

    assert [text for text in caplog.messages if text in logged] == logged


def test_what_children_of_user_code_print_goes_to_the_process_s_own_output(train_module, capfd):
    train_module(
        """
        import subprocess, sys
        from sklearn.linear_model import Ridge

        def build_model():
            subprocess.run(["echo", "child"], stdout=sys.stdout, check=True)
            return Ridge()
        """
    )

    assert capfd.readouterr().out == "child\n"


def test_a_crash_of_native_code_ends_the_process_and_tells_its_line(tmp_path, petrol):
    """Airflow's DAG parser leaves a handler for SIGSEGV in Python, under which the fault would come back for ever."""
    (tmp_path / "mine.py").write_text("import ctypes\ndef build_model():\n    ctypes.string_at(0)\n")
    script = f"""
        import signal
        from pathlib import Path
        from refinery.training import ModuleModel, TrainingSpec, train

        signal.signal(signal.SIGSEGV, lambda *_: None)
        spec = TrainingSpec(model=ModuleModel("mine"), models_dir=Path({str(tmp_path)!r}))
        train(spec, Path({str(petrol)!r}), Path({str(tmp_path / "model")!r}), provenance={{}})
        """
    ended = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert ended.returncode == -signal.SIGSEGV
    assert 'mine.py", line 3 in build_model' in ended.stderr


def test_warnings_of_user_code_are_logged_with_their_place(train_module, caplog):
    train_module(
        "import warnings\nfrom sklearn.linear_model import Ridge\n"
        "def build_model():\n    warnings.warn('old data')\n    return Ridge()\n"
    )

    assert any(message.endswith("mine.py:4: UserWarning: old data") for message in caplog.messages)


def test_metrics_of_a_train_function_are_plain_numbers_and_those_that_are_none_are_noted(train_module):
    result = train_module(
        """
        import numpy as np

        def train(dataset_path, model_path):
            with open(model_path, "wb") as file:
                file.write(b"N.")
            return {"mae": np.float32(0.5), "rows": 3, "loss": float("nan")}
        """
    )

    assert result.metrics == {"mae": 0.5, "rows": 3.0}
    assert result.manifest["notes"] == ["loss is left out: it is nan"]


def test_files_that_a_train_function_writes_next_to_the_model_are_kept(train_module, tmp_path):
    result = train_module(
        """
        from pathlib import Path

        def train(dataset_path, model_path):
            Path(model_path).write_bytes(b"N.")
            Path(model_path).with_name("vocabulary.txt").write_text("words")
        """
    )

    assert (tmp_path / "model" / "vocabulary.txt").read_text() == "words"
    assert set(result.manifest["files"]) == {"model.pkl", "vocabulary.txt"}


def test_every_module_error_is_a_model_code_error():
    for error in (UserCodeError, ModelCodeError, ModelCodeError, ModelNotFoundError, ModelParamsError):
        assert issubclass(error, ModelCodeError)


def test_environment_variables_last_as_long_as_the_training(train_module, monkeypatch):
    """The upload that follows in the same process goes where it was to go."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9000")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "ours")
    monkeypatch.delenv("OURS_OF_THE_MODEL", raising=False)
    before = dict(os.environ)
    train_module("""
        import os
        from sklearn.linear_model import Ridge

        os.environ["OURS_OF_THE_MODEL"] = "1"
        os.environ["AWS_ENDPOINT_URL"] = "https://s3.amazonaws.com"
        del os.environ["AWS_ACCESS_KEY_ID"]

        class Mine(Ridge):
            def fit(self, X, y):
                assert os.environ["OURS_OF_THE_MODEL"] == "1"
                os.environ = {}
                return super().fit(X, y)

        def build_model():
            return Mine()
        """)
    assert dict(os.environ) == before
    assert os.getenv("AWS_ACCESS_KEY_ID") == "ours"

"""Predictions: one usable value for each row, or one error that shows what was returned."""

from __future__ import annotations

import decimal

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from refinery.training import ClassModel, LatestModel, predict_file
from refinery.training.errors import FitError, MetricError
from refinery.training.evaluation.model_output import ask, ask_values

ROWS = 4
FEATURES = pd.DataFrame({"a": range(ROWS), "b": 1.0})
TEXTS = ("good plot", "bad plot", "good cast", "bad cast")


class Model:
    """Answers with what it is made of."""

    def __init__(self, values, *, classes=None, **methods):
        if classes:
            self.classes_ = np.array(classes)
        self._values = values
        for name, returned in methods.items():
            setattr(self, name, lambda rows, returned=returned: returned)

    def predict(self, rows):
        return self._values


class TestValues:
    @pytest.mark.parametrize(
        "returned",
        [
            np.arange(4.0),
            np.arange(4, dtype="uint8"),
            [0, 1, 2, 3.0],
            (0, 1, 2, 3),
            pd.Series([0.0, 1, 2, 3], index=[9, 8, 7, 6]),
            pd.Series([0, 1, 2, 3], dtype="Int64"),
            pd.Series([0, 1, 2, 3], dtype="float[pyarrow]"),
            pd.Series([decimal.Decimal(value) for value in range(4)]),
        ],
        ids=lambda returned: f"{type(returned).__name__} {getattr(returned, 'dtype', '')}",
    )
    def test_any_sequence_of_a_number_for_each_row_is_taken(self, returned):
        assert ask_values(Model(returned), FEATURES, "regression").tolist() == [0, 1, 2, 3]

    @pytest.mark.parametrize(
        ("returned", "task", "message"),
        [
            (np.zeros(1), "regression", "it returned 1 value for 4 rows of 2 columns; predict must"),
            (np.zeros(5), "regression", "it returned 5 values for 4 rows"),
            (np.zeros(0), "regression", "it returned 0 values for 4 rows"),
            (np.zeros(2), "regression", r'One for each column .* give it the column, as ColumnTransformer\(.*, "a"\)'),
            (np.zeros((4, 1)), "regression", r"a ndarray of shape \(4, 1\) for 4 rows .* with \.ravel\(\)"),
            (pd.DataFrame({"p": [0.0] * 4}), "regression", r"a DataFrame of shape \(4, 1\)"),
            (np.zeros((1, 4)), "regression", r"a ndarray of shape \(1, 4\)"),
            (np.zeros((4, 3)), "classification", "probabilities belong in predict_proba"),
            ([[1, 2], [3, 4], [5, 6], [7, 8]], "regression", r"a list of shape \(4, 2\)"),
            ([[1], [2, 3], [4], [5]], "regression", "it returned one list"),
            (sparse.csr_matrix(np.zeros((4, 1))), "regression", r"a sparse csr_matrix of shape \(4, 1\)"),
            (None, "regression", "it returned nothing for 4 rows"),
            (0.5, "regression", "it returned one float for 4 rows"),
            ("yes", "classification", "it returned one str for 4 rows"),
            ({"a": 1}, None, "it returned one dict for 4 rows"),
            ([0.0, np.nan, 1, np.inf], "regression", "2 of 4 predictions are missing .* the first is nan for row 2"),
            ([0.0, np.nan, 1, 2], None, "1 of 4 predictions are missing"),
            (pd.Series([0, 1, None, 3], dtype="Int64"), "regression", "1 of 4 predictions are missing"),
            ([None] * 4, "regression", "4 of 4 predictions are missing"),
            (["a", "b", None, "c"], "classification", "1 of 4 predictions are missing"),
            (["1.5", "2", "3", "4"], "regression", 'a regression predicts numbers, and the first prediction is "1.5"'),
            (np.array(["1", "2", "3", "4"], dtype=object), "regression", r'is "1" \(string\)'),
            ([True, False, True, True], "regression", r"is True \(boolean\)"),
            ([1j, 2, 3, 4], "regression", r"\(complex\)"),
            (pd.Series(pd.to_datetime(["2026-01-01"] * 4)), "regression", r"\(datetime64\)"),
        ],
    )  # fmt: skip
    def test_anything_else_is_one_error(self, returned, task, message):
        with pytest.raises(FitError, match=f"^Model failed to predict: .*{message}") as raised:
            ask_values(Model(returned), FEATURES, task)
        assert not raised.value.retryable

    @pytest.mark.parametrize(
        ("methods", "message"),
        [
            ({"predict_proba": np.zeros(4)}, r"Model failed to predict_proba: it returned 4 values, not an array of shape \(4, 2\)"),
            ({"predict_proba": np.zeros((4, 3))}, r"a ndarray of shape \(4, 3\)"),
            ({"predict_proba": np.zeros((3, 2))}, r"a ndarray of shape \(3, 2\)"),
            ({"decision_function": np.zeros((4, 2))}, r"Model failed to decision_function: it returned a ndarray of shape \(4, 2\)"),
        ],
    )  # fmt: skip
    def test_scores_are_counted_too(self, methods, message):
        model = Model(["no", "no", "yes", "no"], classes=["no", "yes"], **methods)

        with pytest.raises(FitError, match=message):
            ask(model, "classification", FEATURES)

    def test_a_model_that_names_no_classes_may_know_one_that_it_predicts_for_no_row(self):
        model = Model(["no"] * 4, predict_proba=np.full((4, 2), 0.5))

        assert ask(model, "classification", FEATURES).probabilities is None

    def test_what_cannot_be_a_class_is_an_error(self):
        lists = np.empty(4, dtype=object)
        lists[:] = [[1], [2], [3], [4]]

        with pytest.raises(FitError, match="a class cannot be a list"):
            ask(Model(lists), "classification", FEATURES)


def fit_function(predict, *, bases="", more=""):
    return f"""
        import numpy as np
        from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin

        class Own({bases}):
            def fit(self, X, y):
                return self

            def predict(self, X):
                return {predict}
            {more}

        def fit(X, y):
            return Own()
    """


def table(target, rows=40):
    lines = [f"{row},{row % 3},{target(row)}" for row in range(rows)]
    return "a,b,y\n" + "\n".join(lines)


@pytest.fixture
def train_on(train_module, tmp_path):
    """Train a module on a CSV whose target is given by the row's number."""

    def train_on(source, target, **fields):
        dataset = tmp_path / "rows.csv"
        dataset.write_text(table(target))
        return train_module(source, dataset=dataset, **fields)

    return train_on


class TestClasses:
    @pytest.mark.parametrize(
        ("predict", "target", "message"),
        [
            ("X['a'] / 100", lambda row: row % 2, r"none of its predictions is a class of the target \(.*\), the first is .* look like probabilities"),
            ("np.where(X['b'] == 1, 0.3, 0.0)", lambda row: row % 2, "5 of its 8 predictions are not classes .* look like probabilities"),
            ("X['a'] / 100", lambda row: ["no", "yes"][row % 2], "look like probabilities: return the class from predict"),
            ("X['a'] / 100", lambda row: row % 3 + 1, "none of its predictions is a class .* look like probabilities"),
            ("np.where(X['a'] > 5, 1, -1)", lambda row: row % 2, r"are not classes of the target \(.*\), the first is -1; return the class"),
            ("np.where(X['a'] > 5, 'Yes', 'No')", lambda row: ["no", "yes"][row % 2], "none of its predictions is a class"),
            ("np.where(X['a'] > 5, '1', '2')", lambda row: row % 3, "none of its predictions is a class"),
            ("np.where(X['a'] > 5, 1, 0)", lambda row: ["no", "yes"][row % 2], "the first is [01]; return the class of each row"),
        ],
    )  # fmt: skip
    def test_a_classifier_that_predicts_something_else_is_refused(self, train_on, predict, target, message):
        with pytest.raises(FitError, match=f"Own failed to predict: .*{message}"):
            train_on(fit_function(predict, bases="ClassifierMixin, BaseEstimator"), target)

    @pytest.mark.parametrize(
        ("predict", "target"),
        [
            ("np.where(X['a'] > 5, 1.0, 0.0)", lambda row: int(row > 5)),
            ("X['a'] > 5", lambda row: int(row > 5)),
            ("np.where(X['a'] > 5, 1, 0)", lambda row: row > 5),
            ("np.where(X['a'] > 5, 1.0, 0.0)", lambda row: row > 5),
            ("np.where(X['a'] > 5, 'a', np.where(X['a'] > 3, 'b', 'other'))", lambda row: "cba"[(row > 3) + (row > 5)]),
        ],
    )  # fmt: skip
    def test_classes_are_the_same_whatever_their_type_and_of_several_one_may_be_unknown(
        self, train_on, predict, target
    ):
        result = train_on(fit_function(predict, bases="ClassifierMixin, BaseEstimator"), target)

        assert result.metrics["accuracy"] > 0.7

    PROBABILITIES, CLASSES = "np.clip(X['a'] / 100, 0, 1)", "np.where(X['a'] > 5, 1, 0)"

    @pytest.mark.parametrize("predict", [PROBABILITIES, CLASSES])
    def test_two_numbers_may_be_classes_or_values_and_somebody_must_say_so(self, train_on, predict):
        message = r'The target "y" has two values, 0 and 1, and Own does not declare .* classes, probabilities or numbers\. Write evaluate: \{metrics: \[accuracy'
        with pytest.raises(MetricError, match=message):
            train_on(fit_function(predict), lambda row: row % 2)

    @pytest.mark.parametrize(
        ("fields", "metrics"),
        [
            ({"metrics": ["accuracy"]}, {"accuracy"}),
            ({"positive_class": 1}, {"accuracy", "f1"}),
            ({"require": {"f1": {"min": 0}}}, {"accuracy", "f1"}),
            ({"metrics": ["mae"]}, {"mae"}),
            ({"require": {"rmse": {"max": 9}}}, {"mae", "mse", "rmse", "r2"}),
        ],
    )  # fmt: skip
    def test_the_config_says_it_by_its_metrics(self, train_on, fields, metrics):
        result = train_on(fit_function(self.CLASSES), lambda row: row % 2, **fields)

        assert set(result.metrics) == metrics

    def test_said_to_be_classes_probabilities_are_refused_and_said_to_be_numbers_they_are_numbers(
        self, train_on
    ):
        with pytest.raises(FitError, match="look like probabilities"):
            train_on(fit_function(self.PROBABILITIES), lambda row: row % 2, metrics=["accuracy"])

        assert (
            train_on(fit_function(self.PROBABILITIES), lambda row: row % 2, metrics=["mae"]).metrics["mae"]
            < 1
        )

    def test_a_regressor_of_two_numbers_predicts_numbers(self, train_on, train_petrol, tmp_path):
        own = train_on(
            fit_function(self.PROBABILITIES, bases="RegressorMixin, BaseEstimator"), lambda row: row % 2
        )
        linear = train_petrol(
            model=ClassModel("sklearn.linear_model.LinearRegression"), dataset=tmp_path / "rows.csv"
        )

        assert set(own.metrics) == set(linear.metrics) == {"mae", "mse", "rmse", "r2"}

    def test_a_class_made_for_an_older_scikit_learn_declares_itself_too(self, train_on):
        source = fit_function(self.CLASSES, more="_estimator_type = 'classifier'")

        assert "accuracy" in train_on(source, lambda row: row % 2).metrics

    def test_three_numbers_are_values_as_ever(self, train_on):
        assert "r2" in train_on(fit_function("X['a'] * 1.0"), lambda row: row % 3).metrics


class TestEveryUse:
    TFIDF = """
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline

        def fit(X, y):
            return make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(X["text"], y)
    """

    def test_a_vectorizer_that_learned_from_one_column_predicts_one_value_for_a_table(
        self, train_module, tmp_path
    ):
        dataset = tmp_path / "reviews.csv"
        rows = [f"{TEXTS[row % 4]} {row},{'good' if row % 2 == 0 else 'bad'}" for row in range(120)]
        dataset.write_text("text,y\n" + "\n".join(rows))

        with pytest.raises(FitError, match=r'returned 1 value for 24 rows of 1 columns; .*"text"\)\]\) does'):
            train_module(self.TFIDF, dataset=dataset)
        assert not (tmp_path / "model" / "manifest.json").exists()

    @pytest.mark.parametrize("fields", [{}, {"cross_validation": 2}], ids=["evaluation", "cross-validation"])
    def test_training(self, train_on, fields):
        with pytest.raises(FitError, match="returned 1 value for"):
            train_on(fit_function("np.zeros(1)"), lambda row: row, **fields)

    def test_incremental_training(self, train_on):
        source = """
            import numpy as np
            from sklearn.linear_model import SGDRegressor

            class Own(SGDRegressor):
                def predict(self, X):
                    return np.zeros((len(X), 2))

            build_model = Own
        """
        with pytest.raises(FitError, match=r"a ndarray of shape \(\d, 2\)"):
            train_on(source, lambda row: row, batch_rows=10)

    @pytest.mark.parametrize(
        ("returned", "problem"),
        [
            (np.zeros(1), "returned 1 value for 10 rows"),
            (np.full(10, np.nan), "10 of 10 predictions are missing"),
        ],
    )
    def test_the_latest_model(self, train_petrol, returned, problem):
        result = train_petrol(
            latest=LatestModel("2026-01-01", Model(returned), {}),
            require={"mae": {"no_worse_than_latest": "50%"}},
            gate="warn",
        )

        assert (
            "2026-01-01 failed on the held-out rows (FitError: Model failed to predict: "
            in result.manifest["gates"][0]["sentence"]
        )
        assert problem in result.manifest["gates"][0]["sentence"]

    @pytest.mark.parametrize(
        ("returned", "task"), [(np.zeros(1), None), (np.zeros((2, 2)), "classification"), ([1, np.inf], "regression"), (["a", "b"], "regression")]
    )  # fmt: skip
    def test_predicting_a_file(self, tmp_path, returned, task):
        file = tmp_path / "new.csv"
        file.write_text("a,b\n1,2\n3,4\n")

        with pytest.raises(FitError, match="Model failed to predict"):
            predict_file(Model(returned), {"evaluation": {"task": task}} if task else {}, file)


def test_an_estimator_without_a_single_metric_is_not_kept(train_on, tmp_path):
    source = fit_function("np.where(X['a'] > 5, 'a', 'b')", bases="ClassifierMixin, BaseEstimator")

    with pytest.raises(
        MetricError,
        match=r"has no metric with a value, and is not kept \(roc_auc: the model gives no probabilities",
    ):
        train_on(source, lambda row: "ab"[row % 2], metrics=["roc_auc"])
    assert not (tmp_path / "model" / "manifest.json").exists()

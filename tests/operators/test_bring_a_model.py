"""The examples of docs/bring-a-model.md are true: each trains a model through the operators."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

PAGE = (Path(__file__).parents[2] / "docs" / "bring-a-model.md").read_text()
MODULES = dict(re.findall(r"```python\n# include/models/(\S+)\n(.*?)```", PAGE, re.DOTALL))
PETROL = "https://iasd-data-in-the-cloud.s3.eu-west-3.amazonaws.com/petrol_consumption.csv"
TWO_CLASSES = "size,age,left\n" + "".join(
    f"{at},{at * 7 % 40},{int(at * 7 % 40 > 30)}\n" for at in range(200)
)
CLASSIFIER = re.compile("Classifier|LogisticRegression")
CONFIGS = re.findall(r"```yaml\n(model:.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize(
    "model", CONFIGS, ids=lambda text: re.search(r"(?:class|module|script): ([\w.]+)", text)[1]
)
def test_an_example_trains_a_model(prepare_config, models_dir, s3, model):
    for name, source in MODULES.items():
        (models_dir / name).write_text(source)
    s3.put_object(Bucket="datasets", Key="brought/classes.csv", Body=TWO_CLASSES.encode())
    source = "s3://datasets/brought/classes.csv" if CLASSIFIER.search(model) else PETROL

    run = prepare_config("brought", f"source: {source}\noutput: s3://models/brought/{{{{ ds }}}}/\n{model}")
    run.dag.get_task("train_model").card = False  # it takes most of a run's time
    run.run()

    assert any(name.startswith("model.") for name in run.manifest["files"])
    assert run.manifest["metrics"] or "sagemaker" in model


def test_every_module_of_the_page_is_tried():
    assert len(CONFIGS) == 11
    assert all(name.removesuffix(".py") in "".join(CONFIGS) for name in MODULES)

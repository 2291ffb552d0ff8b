"""Train LightGBM as `train_model` does, from a config: `boost_refinery.py TABLE.parquet TARGET METRIC FOLDER`."""

import json
import sys
from pathlib import Path

from refinery.training import TrainingSpec, train

PARAMS = {"n_estimators": 200, "learning_rate": 0.05, "num_leaves": 31}


def main():
    """Train, and print the metric."""
    file, target, metric, folder = sys.argv[1:5]
    kind = "LGBMRegressor" if metric == "r2" else "LGBMClassifier"
    config = {
        "model": {"class": f"lightgbm.{kind}", "params": PARAMS},
        "target": {"column": target},
        "evaluate": {"metrics": [metric]},
    }
    manifest = train(
        TrainingSpec.from_dict(config, Path(folder)), Path(file), Path(folder), provenance={}
    ).manifest
    print(json.dumps({"rows": manifest["split"]["train_rows"], "score": manifest["metrics"][metric]}))


if __name__ == "__main__":
    main()

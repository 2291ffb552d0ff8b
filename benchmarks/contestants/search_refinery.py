"""Search LightGBM's params from a config, as `train_model` does: `search_refinery.py TABLE.parquet TARGET METRIC FOLDER TRIALS`."""

import json
import sys
from pathlib import Path

from refinery.training import TrainingSpec, train


def main():
    """Search and train, and print the scores."""
    file, target, metric, folder, trials = sys.argv[1:6]
    config = {
        "model": {
            "class": f"lightgbm.{'LGBMRegressor' if metric == 'r2' else 'LGBMClassifier'}",
            "search": {
                "num_leaves": "4..64 log",
                "learning_rate": "0.01..0.3 log",
                "min_child_samples": "5..50",
            },
        },
        "target": {"column": target},
        "evaluate": {"metrics": [metric]},
        "search": {"by": metric, "trials": int(trials)},
    }
    spec = TrainingSpec.from_dict(config, Path(folder))
    manifest = train(spec, Path(file), Path(folder), provenance={}).manifest
    found = {"search": manifest["search"]["score"]["mean"], "held_out": manifest["metrics"][metric]}
    print(
        json.dumps(
            {
                **found,
                "default": manifest["search"]["leaderboard"][0]["as_it_is"],
                "warnings": manifest["warnings"],
            }
        )
    )


if __name__ == "__main__":
    main()

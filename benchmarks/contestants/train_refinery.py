"""Train as the step `train_model` does: `train_refinery.py DATASET FOLDER [--card] [--estimator CLASS]`."""

import argparse
from pathlib import Path

from refinery.training import ClassModel, TrainingSpec, train

GRADIENT_BOOSTING = "sklearn.ensemble.HistGradientBoostingRegressor"


def main():
    """Train, and print the metrics."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dataset", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--card", action="store_true")
    parser.add_argument("--estimator", default=GRADIENT_BOOSTING)
    options = parser.parse_args()
    spec = TrainingSpec(
        model=ClassModel(options.estimator),
        models_dir=options.folder,
        params={"max_iter": 30} if options.estimator == GRADIENT_BOOSTING else {},
    )
    extras = {"write_extras": write_card} if options.card else {}
    metrics = train(spec, options.dataset, options.folder, provenance={}, **extras).metrics
    print(f"{metrics['mae']:.6f} {metrics['r2']:.6f}")


def write_card(folder, trained):
    """Write the card, imported as late as the step does it."""
    from refinery.card import write_card

    write_card(
        folder,
        model=trained.model,
        manifest=trained.manifest,
        held_out=trained.held_out,
        table_profile=trained.profile,
    )


if __name__ == "__main__":
    main()

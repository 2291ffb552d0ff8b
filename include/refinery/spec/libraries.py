"""The libraries whose classes configs may name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from refinery.wording import nearest_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# What a requirements.txt calls each library, by its import name: importing a module runs it, so only libraries known to be
# harmless are listed. A project sets its own list in [tool.refinery].
LIBRARIES = {
    "sklearn": "scikit-learn",
    "xgboost": "xgboost",
    "lightgbm": "lightgbm",
    "catboost": "catboost",
    "imblearn": "imbalanced-learn",
}
ALLOWED_LIBRARIES = tuple(LIBRARIES)
BOOSTING = ("xgboost", "lightgbm", "catboost")


def library_of(path: str) -> str:
    """Return the library of a class path: "xgboost" of "xgboost.XGBClassifier"."""
    return path.partition(".")[0]


def library_problem(path: str, libraries: Sequence[str]) -> str | None:
    """Return why a project's configs may not name a class; None if they may.

    Args:
        path: The class's dotted path.
        libraries: The libraries that the project allows.
    """
    library = library_of(path)
    if library in libraries:
        return None
    near = nearest_name(library, libraries)
    advice = f'did you mean "{near}{path.removeprefix(library)}"? Configs' if near else "configs"
    return (
        f'"{path}" is not allowed; {advice} may use classes from: {", ".join(libraries)}. For another library, write a module in '
        "include/models/ whose build_model returns the estimator, and set model: my_model, or have the library added to "
        '"libraries" in [tool.refinery] of pyproject.toml'
    )


def onnx_problem(libraries: Iterable[str]) -> str | None:
    """Return why a model of classes from these libraries cannot be written as ONNX; None if it may be.

    Args:
        libraries: Their import names.
    """
    boosting = sorted({*BOOSTING}.intersection(libraries))
    return f"cannot hold models of {', '.join(boosting)}; write pickle or skops" if boosting else None


def missing_library(library: str) -> str:
    """Return the sentence for a library that is not installed."""
    line = LIBRARIES.get(library, library)
    return f'{library} is not installed; add the line "{line}" to requirements.txt'

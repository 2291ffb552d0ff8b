"""Changes outside the configs: modules, what they import, and the libraries that they run with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.review.kinds import bad, error, serious

if TYPE_CHECKING:
    from benchmarks.review.draft import Draft
    from benchmarks.review.kinds import Finding

MODELS = "include/models"
ALL = "configs/"


def deeper_trees(draft: Draft) -> Finding:
    """Change a default in a module that 31 pipelines train by: at least medium."""
    module = draft.random.choice(("boosted_classes", "boosted_numbers"))
    draft.replace(f"{MODELS}/{module}.py", "max_depth=3", "max_depth=12")
    return serious(ALL, f"{MODELS}/{module}.py")


def columns_left_out(draft: Draft) -> Finding:
    """Stop scaling numbers in a helper that all boosted models and forests import: at least medium."""
    draft.replace(f"{MODELS}/columns.py", "StandardScaler()", '"passthrough"')
    return serious(ALL, f"{MODELS}/columns.py")


def filter_in_package(draft: Draft) -> Finding:
    """Add code to the package that every training imports: at least medium."""
    draft.files[f"{MODELS}/__init__.py"] += "\nimport warnings\n\nwarnings.simplefilter('ignore')\n"
    return serious(ALL, f"{MODELS}/__init__.py")


def library_upgraded(draft: Draft) -> Finding:
    """Upgrade scikit-learn by a minor version, after which older models do not load: at least medium."""
    draft.replace("requirements.txt", "scikit-learn==1.8.0", "scikit-learn==1.9.0")
    return serious(ALL, "requirements.txt")


def import_without_requirement(draft: Draft) -> Finding:
    """Import a library that no requirement brings, so that each run fails: at least medium."""
    module = draft.random.choice(("boosted_classes", "boosted_numbers", "columns"))
    draft.replace(f"{MODELS}/{module}.py", '"""\n\n', '"""\n\nimport lightgbm\n')
    return serious(ALL, f"{MODELS}/{module}.py")


def library_removed(draft: Draft) -> Finding:
    """Remove the library that writes skops files: at least medium."""
    draft.replace("requirements.txt", "skops==0.13.0\n", "")
    return serious(ALL, "requirements.txt")


def parameter_removed(draft: Draft) -> Finding:
    """Remove a parameter that configs pass: an error of each of them."""
    module = draft.random.choice(("boosted_classes", "boosted_numbers"))
    path = f"{MODELS}/{module}.py"
    draft.replace(path, ", learning_rate=0.1", "")
    draft.replace(path, "learning_rate=learning_rate, ", "")
    return error(ALL)


def helper_renamed(draft: Draft) -> Finding:
    """Rename a helper and forget one of the modules that import it, so that its runs fail: at least medium."""
    draft.move(f"{MODELS}/columns.py", f"{MODELS}/preparation.py")
    for module in ("boosted_classes", "boosted_numbers", "forest_numbers"):
        draft.replace(f"{MODELS}/{module}.py", "include.models.columns", "include.models.preparation")
    return serious(ALL, f"{MODELS}/forest_classes.py", f"{MODELS}/columns.py")


KINDS = (
    bad(
        "code and libraries",
        deeper_trees,
        columns_left_out,
        filter_in_package,
        library_upgraded,
        import_without_requirement,
        library_removed,
        parameter_removed,
        helper_renamed,
    ),
)

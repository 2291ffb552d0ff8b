"""The files that a pipeline's model is made of: its module or script and what these use, read and never run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.model_sources import MODELS, ModelSources

if TYPE_CHECKING:
    from include.config import Pipeline
    from include.review.versions import Snapshot


class ModelFiles:
    """The files below include/models/ of one version."""

    def __init__(self, snapshot: Snapshot) -> None:
        """Take the version; its files are read when they are first asked for."""
        self._sources = ModelSources(snapshot.entries, lambda file: snapshot.read([file])[file])

    def main_file(self, pipeline: Pipeline) -> str | None:
        """Return the path of a pipeline's module or script; None for a library's class."""
        model = pipeline.config.model
        name = f"{model.module}.py" if model.module else model.script
        return f"{MODELS}/{name}" if name else None

    def used_by(self, main: str) -> frozenset[str]:
        """Return a file and all files of the models that it imports or names, over any number of steps."""
        return self._sources.files_used_by(main)

    def imported_by(self, pipeline: Pipeline) -> frozenset[str]:
        """Return the top-level names of the libraries that a pipeline's model imports, as "sklearn"."""
        if pipeline.config.model.class_:
            return frozenset({pipeline.config.model.class_.partition(".")[0]})
        main = self.main_file(pipeline)
        return self._sources.libraries_used_by(main) if main else frozenset()

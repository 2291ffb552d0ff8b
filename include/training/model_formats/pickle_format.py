"""Models as pickles: any Python object; loading one runs what it says."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Any, BinaryIO

from include.training.errors import ModelFileError, OutOfMemoryError, UnpicklableModelError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def write_pickle(model: Any, path: Path) -> None:
    """Pickle a model.

    Raises:
        UnpicklableModelError: A part of it cannot be pickled.
        OutOfMemoryError: Memory ran out.
    """
    try:
        with path.open("wb") as file:
            pickle.dump(model, file, protocol=pickle.HIGHEST_PROTOCOL)
    except OSError:
        raise
    except MemoryError as error:
        raise OutOfMemoryError("pickling the model") from error
    except Exception as error:  # a class's own __reduce__ may raise anything
        attribute, value = _find_culprit("model", model)
        raise UnpicklableModelError(attribute, value, f"{type(error).__name__}: {error}") from error


def read_pickle(file: BinaryIO, path: Path) -> Any:
    """Unpickle a model from an open file whose SHA-256 is known to be right.

    Raises:
        ModelFileError: It needs a class that is not here, or is no pickle.
    """
    try:
        return pickle.load(file)
    except (ImportError, AttributeError) as error:
        raise ModelFileError(
            path,
            f"the model needs code that is not here ({error}): load it with the project and packages it was made with.",
        ) from error
    except (pickle.UnpicklingError, EOFError, ValueError, TypeError) as error:
        raise ModelFileError(path, f"it is no pickle that can be read ({error}).") from error


def _find_culprit(path: str, value: Any) -> tuple[str, Any]:
    for child_path, child in _children(path, value):
        try:
            pickle.dumps(child)
        except Exception:  # noqa: BLE001 (the search is for whatever fails)
            return _find_culprit(child_path, child)
    return path, value


def _children(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        yield from ((f"{path}[{key!r}]", child) for key, child in value.items())
    elif isinstance(value, (list, tuple)):
        yield from ((f"{path}[{index}]", child) for index, child in enumerate(value))
    elif hasattr(value, "__dict__") and not callable(value):
        yield from ((f"{path}.{name}", child) for name, child in vars(value).items())

"""Put all of a training's files in place together, or none of them."""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import shutil
from typing import TYPE_CHECKING, Any

from refinery.spec.artifacts import MANIFEST_FILE, MODEL_FILES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

# A separate folder, so that the output's folder itself holds a model or nothing.
REPORT_DIR = "rejected"
_STAGING = ".partial"


@contextlib.contextmanager
def staged_output(output_dir: Path) -> Iterator[Path]:
    """Yield a folder whose files move to `output_dir` when the block succeeds, the manifest last.

    What an earlier try left there is removed first, so that a manifest never lies beside another training's model.
    """
    staging = output_dir / _STAGING
    output_dir.mkdir(parents=True, exist_ok=True)
    _remove_earlier(output_dir)
    staging.mkdir(mode=0o700)
    try:
        yield staging
        for name in sorted(list_files(staging), key=lambda name: name == MANIFEST_FILE):
            (output_dir / name).parent.mkdir(parents=True, exist_ok=True)
            (staging / name).replace(output_dir / name)
    finally:
        shutil.rmtree(staging)


def keep_report(
    staging: Path, output_dir: Path, manifest: Mapping[str, Any], *, without: Iterable[str]
) -> Path:
    """Put the report on a rejected model in place: a manifest, and the staged files without the model's.

    Args:
        staging: The folder that `staged_output` gave.
        output_dir: The folder that it is for.
        manifest: The manifest, without its files.
        without: The model's files.

    Returns:
        The report's folder.
    """
    report = output_dir / REPORT_DIR
    for name in without:
        (staging / name).unlink()
    write_json(staging / MANIFEST_FILE, {**manifest, "files": describe_files(staging)})
    shutil.copytree(staging, report)
    return report


def list_files(folder: Path) -> list[str]:
    """Return the files below a folder, with slashes, sorted."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def describe_files(folder: Path) -> dict[str, dict[str, Any]]:
    """Return each file's size in bytes and its SHA-256."""
    return {name: _describe(folder / name) for name in list_files(folder)}


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write valid JSON whatever a config's params hold: what JSON cannot express becomes text."""
    text = json.dumps(json_ready(content), indent=2, ensure_ascii=False, allow_nan=False)
    path.write_text(f"{text}\n", encoding="utf-8")


def json_ready(value: Any) -> Any:
    """Turn a value into one that JSON can express."""
    if isinstance(value, dict):
        return {str(key): json_ready(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [json_ready(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    return value if value is None or isinstance(value, (str, bool, int)) else str(value)


def _describe(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        return {"size": path.stat().st_size, "sha256": hashlib.file_digest(file, "sha256").hexdigest()}


def _remove_earlier(output_dir: Path) -> None:
    # The manifest goes first: without it, other files are not a model.
    (output_dir / MANIFEST_FILE).unlink(missing_ok=True)
    for name in MODEL_FILES.values():
        (output_dir / name).unlink(missing_ok=True)
    for folder in (_STAGING, REPORT_DIR):
        if (output_dir / folder).exists():
            shutil.rmtree(output_dir / folder)

"""A feature whose extra is missing says which to install."""

from __future__ import annotations

import sys

import pytest

from refinery.errors import RefineryError
from refinery.local.object_store import ObjectStore
from refinery.training.output.model_file import check_format


@pytest.mark.parametrize(
    ("package", "use", "extra"),
    [
        ("nanio", lambda folder: ObjectStore(folder).start(), "local"),
        ("skops", lambda _: check_format("skops"), "skops"),
        ("skl2onnx", lambda _: check_format("onnx"), "onnx"),
        ("onnxruntime", lambda _: check_format("onnx"), "onnx"),
    ],
)
def test_it_is_named(monkeypatch, tmp_path, package, use, extra):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(RefineryError) as raised:
        use(tmp_path)
    assert str(raised.value).endswith(
        f'needs {package}, which is not installed: pip install "airflow-refinery[{extra}]"'
    )
    assert not (tmp_path / ".local").exists()

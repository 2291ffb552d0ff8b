"""A sample of a dataset's rows is a dataset of the same form."""

from __future__ import annotations

import gzip

import pandas as pd
import pytest

from refinery.training import SourceOptions, TrainingError, take_sample
from refinery.training.data.read import read_dataset


def _table(rows=100):
    return pd.DataFrame({"row": range(rows), "text": [f'line\n"{row}", more' for row in range(rows)]})


_FORMS = {
    "plain.csv": (lambda table, path: table.to_csv(path, index=False), {}),
    "crlf.csv": (lambda table, path: table.to_csv(path, index=False, lineterminator="\r\n"), {}),
    "packed.csv.gz": (lambda table, path: table.to_csv(path, index=False), {}),
    "packed.csv.zst": (lambda table, path: table.to_csv(path, index=False), {}),
    "tabs.tsv": (lambda table, path: table.to_csv(path, index=False, sep="\t"), {}),
    "semicolons.csv": (lambda table, path: table.to_csv(path, index=False, sep=";"), {"separator": ";"}),
    "utf16.csv": (
        lambda table, path: table.to_csv(path, index=False, encoding="utf-16"),
        {"encoding": "utf-16"},
    ),
    "bare.csv": (
        lambda table, path: table.to_csv(path, index=False, header=False),
        {"header": False, "columns": ("row", "text")},
    ),
    "lines.jsonl": (lambda table, path: table.to_json(path, orient="records", lines=True), {}),
    "columns.parquet": (lambda table, path: table.to_parquet(path), {}),
}


@pytest.mark.parametrize("name", _FORMS)
def test_rows_keep_their_values_and_their_order(name, tmp_path):
    write, given = _FORMS[name]
    write(_table(), tmp_path / name)
    options = SourceOptions(**given)
    whole = read_dataset(tmp_path / name, options).table
    sample = take_sample(tmp_path / name, tmp_path / "sample", options, 20)
    table = read_dataset(sample, options).table
    assert len(table) == 20
    assert list(table["row"]) == sorted(table["row"])
    assert table.reset_index(drop=True).equals(whole.iloc[table["row"]].reset_index(drop=True))


def test_rows_are_drawn_from_everywhere_and_always_the_same(tmp_path):
    """A dataset that is sorted by its classes keeps them all."""
    _table(1000).to_csv(tmp_path / "data.csv", index=False)
    samples = [take_sample(tmp_path / "data.csv", tmp_path / name, SourceOptions(), 50) for name in "ab"]
    assert samples[0].read_bytes() == samples[1].read_bytes()
    rows = read_dataset(samples[0], SourceOptions()).table["row"]
    assert rows.min() < 100
    assert rows.max() > 900


def test_a_dataset_of_several_files_stays_one(tmp_path):
    folder = tmp_path / "dataset"
    folder.mkdir()
    for index in range(3):
        part = _table().assign(row=range(index * 100, index * 100 + 100))
        part.to_csv(folder / f"{index}.csv", index=False)
    sample = take_sample(folder, tmp_path / "sample", SourceOptions(), 30)
    assert len(read_dataset(sample, SourceOptions()).table) == 30


@pytest.mark.parametrize("rows", [100, 101, 10_000])
def test_a_small_dataset_is_its_own_sample(rows, tmp_path):
    _table().to_csv(tmp_path / "data.csv", index=False)
    assert take_sample(tmp_path / "data.csv", tmp_path / "sample", SourceOptions(), rows) is None


def test_a_quote_within_a_value_ends_no_row(tmp_path):
    (tmp_path / "data.csv").write_text("size,n\n" + "".join(f'5" pipe,{n}\n' for n in range(50)))
    sample = take_sample(tmp_path / "data.csv", tmp_path / "sample", SourceOptions(), 7)
    assert len(sample.read_text().splitlines()) == 8


def test_damage_is_reported(tmp_path):
    (tmp_path / "data.csv.gz").write_bytes(gzip.compress(b"a,b\n" + b"1,2\n" * 100_000)[:-200])
    with pytest.raises(TrainingError, match="damaged or cut short"):
        take_sample(tmp_path / "data.csv.gz", tmp_path / "sample", SourceOptions(), 5)

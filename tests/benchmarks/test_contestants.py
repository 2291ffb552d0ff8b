"""The benchmarks compare what does the same: contestants make equal DAGs and equal models."""

from __future__ import annotations

import argparse
import asyncio
import runpy
import sys

import pytest

from benchmarks import PROJECT, parse_probe
from benchmarks.contestants.parsed import dag_id, write_all
from benchmarks.growth import growth_of
from benchmarks.measure import BUSY, Figures, python, run
from benchmarks.plots import draw_growth
from benchmarks.slow_line import HOST, Line
from benchmarks.tables import write_table

PIPELINES = 3
MEBIBYTE = 1 << 20
SCRIPTS = PROJECT / "benchmarks" / "contestants"


@pytest.fixture(scope="module")
def shapes(tmp_path_factory):
    """What each contestant's DAGs are, by contestant."""
    written = write_all(tmp_path_factory.mktemp("parsed"), PIPELINES)
    options = {"serialize": False, "show": True}
    return {
        name: parse_probe.measure(argparse.Namespace(files=one.files[:1], bundle=one.bundle, **options))[
            "shape"
        ]
        for name, one in written.items()
    }


def test_contestants_make_the_same_dags(shapes):
    ours = shapes.pop("Refinery")
    assert sorted(ours) == [dag_id(index) for index in range(PIPELINES)]
    assert len(shapes) == 3
    for theirs in shapes.values():
        assert theirs == ours


def test_contestants_train_the_same_model(tmp_path, monkeypatch, capsys):
    dataset = tmp_path / "table.csv"
    write_table(dataset, 300, 5)
    for script in ("train_plain.py", "train_lean.py", "train_refinery.py"):
        output = tmp_path / script
        output.mkdir()
        monkeypatch.setattr(sys, "argv", [script, str(dataset), str(output)])
        runpy.run_path(str(SCRIPTS / script), run_name="__main__")
        assert (output / "model.pkl").exists()
    plain, lean, ours = capsys.readouterr().out.splitlines()
    assert plain == lean == ours


def test_a_process_is_measured_apart_from_this_one():
    done = run(python("-c", "import time; time.sleep(0.2); print('done')"))
    assert done.output == "done\n"
    assert done.seconds >= 0.2
    assert done.peak < 30 * MEBIBYTE, "the memory of the process that measures does not count"
    with pytest.raises(SystemExit, match="no such thing"):
        run(python("-c", "raise SystemExit('no such thing')"))


def test_figures_of_a_busy_machine_are_marked():
    quiet, busy = Figures([1.0, 3.0, 2.0], [0.0, 0.01, 0.0]), Figures([4.0], [0.5])
    assert quiet.text() == "2.00 s (1.00 to 3.00)"
    assert quiet.ratio_to(quiet) == "1.00"
    assert busy.text().endswith(BUSY)
    assert quiet.ratio_to(busy) == f"0.50 {BUSY}"


def test_growth_is_put_into_words(tmp_path):
    assert growth_of({10: 1.0, 100: 1.02, 1000: 1.01}) == "does not grow up to 1,000"
    assert growth_of({10: 1.0, 100: 4.0}) == "hardly grows up to 10; 33.33 ms for each more from 10 to 100"
    assert growth_of({10: 1.0, 100: 2.0, 1000: 12.0}).startswith(
        "linear (exponent 1.00), on top of 1.00 s for 10"
    )
    assert growth_of({10: 1.0, 100: 2.0, 1000: 4.0}).startswith("less than linear")
    assert growth_of({10: 1.0, 100: 2.0, 1000: 100.0}).startswith("more than linear")
    costs = {"train": {10: 1.0, 100: 4.0}}
    draw_growth(tmp_path / "growth.svg", "Columns", "columns", {"seconds": costs, "MB": costs})
    assert "linear" in (tmp_path / "growth.svg").read_text()


def test_the_slow_line_delays_and_limits():
    async def echo(reader, writer):
        writer.write(await reader.read())
        writer.close()

    async def send(content: bytes) -> tuple[bytes, float]:
        server = await asyncio.start_server(echo, HOST, 0)
        line = Line(server.sockets[0].getsockname()[1], 0.1, MEBIBYTE)
        proxy = await asyncio.start_server(line.connect, HOST, 0)
        started = asyncio.get_running_loop().time()
        reader, writer = await asyncio.open_connection(HOST, proxy.sockets[0].getsockname()[1])
        writer.write(content)
        writer.write_eof()
        answer = await reader.read()
        writer.close()
        seconds = asyncio.get_running_loop().time() - started
        server.close()
        proxy.close()
        return answer, seconds

    content = bytes(range(256)) * 1024
    answer, seconds = asyncio.run(send(content))
    assert answer == content
    assert 0.2 + 0.25 <= seconds < 10, "the handshake and a round trip, and a quarter of a mebibyte each way"

"""Write tables of numbers whose last column follows from the others: `python -m benchmarks.tables FILE.csv ROWS COLUMNS`."""

import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv

BLOCK_VALUES = 2_000_000
DECIMALS = 7
BYTES_PER_VALUE = 10.67  # on average, with its separator


def write_table(path: Path, rows: int, columns: int, *, seed: int = 0) -> None:
    """Write a CSV.

    Args:
        path: The file.
        rows: How many rows it has.
        columns: How many columns, the target included.
        seed: Seeds the numbers.
    """
    draw = np.random.default_rng(seed)
    weights = draw.normal(size=columns - 1) / np.sqrt(columns)
    names = [*(f"x{number}" for number in range(columns - 1)), "y"]
    schema = pa.schema([(name, pa.float64()) for name in names])
    block = max(1, BLOCK_VALUES // columns)
    options = pyarrow.csv.WriteOptions(quoting_style="none")
    with pyarrow.csv.CSVWriter(path, schema, write_options=options) as writer:
        for start in range(0, rows, block):
            features = draw.normal(size=(min(block, rows - start), columns - 1))
            noise = draw.normal(scale=0.5, size=len(features))
            target = features @ weights + np.sin(3 * features[:, 0]) + noise
            table = np.column_stack([features, target]).round(DECIMALS)
            writer.write_table(pa.Table.from_arrays(list(table.T.copy()), schema=schema))


if __name__ == "__main__":
    write_table(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))

"""Compare exported files with what python-casacore reads: compare.py TABLE FOLDER EXTENSION.

Every cell of every column of the table and its subtables; prints how many cells were compared.
"""
import json
import os
import sys

import numpy as np
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as parquet
from casacore.tables import table


def cell(value, is_complex):
    """A cell of an Arrow column as an array."""
    # Infinite parts do not survive a product with 1j.
    return np.array(value, float).view(complex)[..., 0] if is_complex else np.array(value)


def compare(path, file):
    read = parquet.read_table if file.endswith("parquet") else lambda f: feather.read_table(f, memory_map=True)
    got, want, n = read(file), table(path, ack=False), 0
    assert got.num_rows == want.nrows(), (path, got.num_rows, want.nrows())
    assert sorted(got.column_names) == sorted(want.colnames()), (path, got.column_names)
    keywords = json.loads(got.schema.metadata[b"casacore.keywords"])
    assert set(keywords) == set(want.keywordnames()), path
    for name in want.colnames():
        units = json.loads(got.schema.field(name).metadata[b"casacore.keywords"]).get("QuantumUnits")
        assert np.array_equal(units, want.getcolkeywords(name).get("QuantumUnits")), (path, name)
        if want.coldatatype(name) == "record":
            continue  # given as the bytes they are stored as
        is_complex = want.coldatatype(name) in ("complex", "dcomplex")
        for row, value in enumerate(got[name].to_pylist()):
            defined = want.iscelldefined(name, row)
            assert (value is not None) == defined, (path, name, row)
            if not defined:
                continue
            expected = want.getcell(name, row)
            if isinstance(expected, dict):
                expected = np.array(expected["array"]).reshape(expected["shape"])
            expected = np.asarray(expected)
            value = cell(value, is_complex)
            if value.size == 0 and expected.size == 0:
                continue
            value = value.reshape(expected.shape) if value.size == expected.size else value
            same = np.array_equal(value, expected, equal_nan=expected.dtype.kind in "fc")
            assert same, (path, name, row, value, expected)
            n += 1
    for keyword, value in want.getkeywords().items():
        other = os.path.join(os.path.dirname(file), keyword + os.path.splitext(file)[1])
        if isinstance(value, str) and value.startswith("Table: ") and os.path.basename(file).startswith("main."):
            n += compare(value[7:], other)
    return n


main, folder, extension = sys.argv[1:]
print(compare(main, os.path.join(folder, "main." + extension)))

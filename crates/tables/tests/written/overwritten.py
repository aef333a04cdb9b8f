"""Compares a table, in which some cells of columns were overwritten, with what it was.

usage: overwritten.py OLD NEW ROW,ROW COLUMN...
"""
import sys
import numpy as np
from casacore.tables import table

old, new = (table(path, ack=False) for path in sys.argv[1:3])
rows, changed = [int(row) for row in sys.argv[3].split(",")], sys.argv[4:]
assert old.nrows() == new.nrows() and old.colnames() == new.colnames()
for name in old.colnames():
    step = max(1, old.nrows() // 300)
    some = sorted({*range(0, old.nrows(), step), *rows, *(r - 1 for r in rows), *(r + 1 for r in rows if r + 1 < old.nrows())})
    for row in some:
        assert old.iscelldefined(name, row) == new.iscelldefined(name, row), (name, row)
        if not old.iscelldefined(name, row): continue
        a, b = old.getcell(name, row), new.getcell(name, row)
        if name in changed and row in rows:
            b = np.asarray(b)
            i = np.arange(b.size, dtype="f8")
            want = {"b": i % 3 == 1, "i": row * 3.0 + i, "f": row * 3.0 + i,
                    "c": row * 3.0 + 2 * i + 1j * (row * 3.0 + 2 * i + 1)}[b.dtype.kind].astype(b.dtype)
            a = want.reshape(b.shape)
            assert b.shape == np.asarray(old.getcell(name, row)).shape
        if isinstance(a, (dict, list, str)): assert a == b, (name, row)
        else: assert np.array_equal(a, b, equal_nan=np.asarray(a).dtype.kind in "fc"), (name, row, a, b)
print("as expected")

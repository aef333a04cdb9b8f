"""Changes an array that several buckets of an IncrementalStMan share, at the first rows of buckets.

usage: shared_array.py TABLE COLUMN ...
"""
import struct
import sys
import numpy as np
from casacore.tables import table


def first_rows(file):
    """The first row of each bucket and the row count, of a little-endian file."""
    raw = open(file, "rb").read()
    # The object's name, version and count; then the block's length, name and version.
    at = raw.rindex(b"ISMIndex") + 8 + 4 + 4 + 4 + (4 + 5) + 4
    n = struct.unpack_from("<I", raw, at)[0]
    return struct.unpack_from(f"<{n}I", raw, at + 4)


path, columns = sys.argv[1], sys.argv[2:]
starts = first_rows(f"{path}/table.f0")[1:-1]
# Only then is an array of two rows that of two buckets.
assert sum(start % 2 == 0 for start in starts) >= 2, starts
for k, start in enumerate(starts):
    for row in (start, start - 1):
        for name in columns:
            t = table(path, readonly=False, ack=False)
            before = [np.array(t.getcell(name, r)) for r in range(t.nrows())]
            t.putcell(name, row, before[row] + (1000 + k if before[row].dtype.kind == "f" else 1))
            t.close()
            t = table(path, ack=False)
            after = [np.array(t.getcell(name, r)) for r in range(t.nrows())]
            t.close()
            changed = [r for r in range(len(after)) if not np.array_equal(before[r], after[r])]
            assert changed == [row], (name, row, changed[:5], len(changed))
print("as expected")

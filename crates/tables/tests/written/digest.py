"""Digests of the first rows of every column of a table, and of its keywords, as casacore reads them: one a line.

usage: digest.py TABLE ROWS
"""
import hashlib
import sys
import numpy as np
from casacore.tables import table

path, rows = sys.argv[1], int(sys.argv[2])
t = table(path, ack=False)
n = min(rows, t.nrows())
for name in sorted(t.colnames()):
    h = hashlib.sha256(repr(sorted(t.getcolkeywords(name).items())).encode())
    for row in range(n):
        if not t.iscelldefined(name, row):
            h.update(b"U")
            continue
        v = t.getcell(name, row)
        a = np.asarray(v) if not isinstance(v, (dict, list, str)) else None
        h.update(str(a.shape).encode() + a.tobytes() if a is not None else repr(v).encode())
    print(name, h.hexdigest())
for name, value in sorted(t.getkeywords().items()): print("keyword", name, value)
t.close()

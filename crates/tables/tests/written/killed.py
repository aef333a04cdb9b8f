"""Tables after their writer was killed, as casacore sees them.

usage: killed.py ROWS TABLE... : a line for each table, "old" or "new" state of which change; fails at anything else
"""
import sys
import numpy as np
from casacore.tables import table


def holds(t, shift, n):
    row = np.arange(n)
    names = set(t.colnames())
    step = max(1, n // 2000)
    some = row[::step]
    if "DATA" in names:
        for r in some if n > 5000 else row:
            d = t.getcell("DATA", int(r))
            if d.shape != (16, 4) or (d != np.complex64(complex(r + shift, shift))).any(): return False
    if "MODEL" in names:
        for r in some if n > 5000 else row:
            if (t.getcell("MODEL", int(r)) != np.complex64(complex(r + 7, 7))).any(): return False
    return (t.getcol("UVW") == (row + shift)[:, None]).all() and (t.getcol("TIME") == row // 5 + shift).all() \
        and (t.getcol("ANTENNA1") == row + shift).all() and t.getcol("NAME") == [f"name of {r + shift}" for r in row]


n_old = int(sys.argv[1])
for path in sys.argv[2:]:
    t = table(path, ack=False)
    n, names = t.nrows(), set(t.colnames())
    state = "old"
    if n != n_old:
        assert n == n_old + 1 + n_old // 2, (path, n)
        state = "appended"
    elif "MODEL" in names: state = "added"
    elif "DATA" not in names: state = "removed"
    shift = 1000 if state == "old" and t.getcell("ANTENNA1", 0) == 1000 else 0
    assert holds(t, shift, n), (path, state, shift)
    print("overwritten" if shift else state)
    t.close()

"""Tables after their writer was killed, as casacore sees them.

usage: killed.py ROWS : reads the path of a table from each line and prints its state; fails at anything else
"""
import sys
import numpy as np
from casacore.tables import table


def whole(t, names, shift, n):
    """Whether all cells are those of one state."""
    row = np.arange(n)
    some = row[::max(1, n // 2000)]
    for name, value in (("DATA", lambda r: complex(r + shift, shift)), ("MODEL", lambda r: complex(r + 7, 7))):
        if name not in names: continue
        for r in some:
            d = t.getcell(name, int(r))
            if d.shape != (128, 4) or (d != np.complex64(value(int(r)))).any(): return False
    return (t.getcol("TIME") == row // 5 + shift).all() \
        and [t.getcell("NAME", int(r)) for r in some] == [f"name of {r + shift}" for r in some]


def cells(t, shift, n):
    """Whether each cell of two columns is as it was, or as it was to become in every seventh row; whether any is."""
    row, any_new = np.arange(n), False
    for got in (t.getcol("ANTENNA1"), *t.getcol("UVW").T):
        old, new = got == row + shift, (got == row + 2000) & (row % 7 == 0)
        assert (old | new).all(), (got[~(old | new)][:5], shift)
        any_new = any_new or new.any()
    uvw = t.getcol("UVW")
    assert (uvw == uvw[:, :1]).all(), "a cell is half old and half new"
    return any_new


n_old = int(sys.argv[1])
for line in sys.stdin:
    t = table(line.strip(), ack=False)
    n, names = t.nrows(), set(t.colnames())
    state = "old"
    if n != n_old:
        assert n == n_old + 1 + n_old // 2, (line, n)
        state = "appended"
    elif "MODEL" in names: state = "added"
    elif "DATA" not in names: state = "removed"
    shift = 1000 if state == "old" and t.getcell("NAME", 0) == "name of 1000" else 0
    if cells(t, shift, n):
        assert state == "old" and shift == 0, (line, state, shift)
        state = "cells"
    assert whole(t, names, shift, n), (line, state, shift)
    # Closed first, for the next writer wants the table for itself.
    t.close()
    print("overwritten" if shift else state, flush=True)

"""Reads a table that facette-tables wrote and compares every cell with the formula; then changes it.

usage: check.py read TABLE | check.py change TABLE
"""
import sys
import numpy as np
from casacore.tables import table

INTS = {"char": "i1", "uchar": "u1", "short": "i2", "ushort": "u2", "int": "i4", "uint": "u4", "int64": "i8"}


def numbers(kind, k):
    """The values of numbers k (an int64 array) in a column of a type."""
    if kind == "boolean": return k % 3 == 0
    if kind in INTS: return k.astype(INTS[kind])
    if kind in ("float", "double"): return (k * 0.5).astype("f4" if kind == "float" else "f8")
    if kind in ("complex", "dcomplex"): return (k * 0.5 - 1j * k).astype("c8" if kind == "complex" else "c16")
    return np.array([text(v) for v in k.ravel()], dtype=object).reshape(k.shape)


def text(v): return "" if v % 5 == 4 else "é" * int(v % 7) + "s" + str(v) * int(1 + v % 4)


def shape(name, row):
    """Slowest axis first; None: undefined."""
    if name.startswith("S"): return ()
    if name.startswith("F"): return (3, 2)
    if row % 11 == 5: return None
    return (1 + row // 4 % 3, 2)


def cell(name, kind, row):
    s = shape(name, row)
    if s is None: return None
    # Columns of incremental storage change every fourth row.
    base = row // 4 if name.endswith("I") else row
    k = np.int64(base) * 31 + np.arange(int(np.prod(s)), dtype="i8") * 7
    v = numbers(kind, k.reshape(s))
    return v


def same(a, b):
    if isinstance(a, dict): a = np.array(a["array"], dtype=object).reshape(a["shape"])
    a = np.array(a, dtype=object) if isinstance(a, (list, str)) else np.asarray(a)
    b = np.asarray(b)
    return a.shape == b.shape and (a == b).all()


def kind_of(t, name): return t.getcoldesc(name)["valueType"]


def read(t, path, expect=cell):
    n = t.nrows()
    for name in t.colnames():
        kind = kind_of(t, name)
        if kind == "record":
            for row in range(n):
                got, want = t.getcell(name, row), {} if row % 2 else {"a": row, "b": {"c": "x"}}
                assert got == want, (path, name, row, got)
            continue
        if name.startswith("S") and n:
            got = t.getcol(name)
            got = np.array(got, dtype=object) if isinstance(got, list) else got
            base = np.arange(n, dtype="i8")
            if name.endswith("I"): base = base // 4
            bad = np.flatnonzero(got != numbers(kind, base * 31)) if expect is cell else []
            assert len(bad) == 0, (path, name, bad[:5], got[bad[:5]])
            if expect is cell: continue
        for row in range(n):
            want = expect(name, kind, row)
            assert t.iscelldefined(name, row) == (want is not None), (path, name, row)
            if want is not None:
                got = t.getcell(name, row)
                assert same(got, want), (path, name, row, got, want)


def put(t, name, kind, row, at):
    """Writes into `row` the value of row `at`."""
    v = cell(name, kind, at)
    if v is None: return
    if kind == "string" and v.ndim: v = {"shape": list(v.shape), "array": list(v.ravel())}
    t.putcell(name, row, v.item() if getattr(v, "ndim", 1) == 0 else v)


def change(t, path):
    """Two more rows, and other values in rows 0 and n // 2."""
    n = t.nrows()
    t.addrows(2)
    for name in t.colnames():
        kind = kind_of(t, name)
        if kind == "record": continue
        for row in sorted({0, n // 2, n, n + 1}): put(t, name, kind, row, row + 132)


what, path = sys.argv[1:3]
t = table(path, readonly=what == "read", ack=False)
read(t, path)
if what == "change": change(t, path)
t.close()
print("as expected")

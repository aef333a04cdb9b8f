"""Reads a column as `read_speed` does: peers.py TABLE COLUMN casacore|arcae into|chunks|fresh|open THREADS RUNS

One line of JSON: seconds of each run, bytes of the elements in memory, their sum. The table is opened anew for every
run, so that what was read before is in the system's cache, but not in the program's. `chunks` are 4096 rows; `open` opens the
table and its subtables.
"""
import json, sys, time
import numpy as np

path, column, engine, way, threads, runs = sys.argv[1:7]
threads, runs = int(threads), int(runs)
if engine == "arcae":
    import arcae
    def opened(): return arcae.table(path, ninstances=threads, readonly=True)
    def read(ms, out): return ms.getcol(column, None, out)
    def read_rows(ms, out, first): ms.getcol(column, (slice(first, first + len(out)),), out)
elif threads == 1:
    from casacore.tables import table
    def opened(): return table(path, ack=False)
    def read(ms, out): return ms.getcol(column) if out is None else ms.getcolnp(column, out)
    def read_rows(ms, out, first): ms.getcolnp(column, out, first, len(out))
else:
    sys.exit("casacore reads on one thread")
CHUNK_ROWS = 4096


def open_all():
    ms = opened()
    names = [n for n, value in ms.getkeywords().items() if isinstance(value, str) and value.startswith("Table: ")]
    return [ms] + [table(f"{path}/{name}", ack=False) for name in names]


if way == "open":
    seconds = []
    for _ in range(runs):
        start = time.perf_counter()
        tables = open_all()
        seconds.append(time.perf_counter() - start)
        for t in tables: t.close()
    print(json.dumps({"column": column, "engine": engine, "way": way, "threads": threads, "seconds": seconds, "bytes": 0,
                      "sum": float(len(tables))}))
    sys.exit()
first = read(opened(), None)
kept = None if way == "fresh" else np.zeros(first.shape, first.dtype)
size, total = first.nbytes, None
del first
seconds = []
for _ in range(runs):
    ms, total = opened(), None
    start = time.perf_counter()
    if way == "chunks":
        for begin in range(0, len(kept), CHUNK_ROWS): read_rows(ms, kept[begin:begin + CHUNK_ROWS], begin)
    else:
        total = read(ms, kept)
    seconds.append(time.perf_counter() - start)
    if kept is not None:
        total = kept
    ms.close()
if np.iscomplexobj(total):
    total = total.view(total.real.dtype)
print(json.dumps({"column": column, "engine": engine, "way": way, "threads": threads, "seconds": seconds,
                  "bytes": size, "sum": float(total.astype(np.float64).sum())}))

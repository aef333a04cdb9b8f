"""Reads a column as `read_speed` does: peers.py TABLE COLUMN casacore|arcae into|fresh THREADS RUNS

One line of JSON: seconds of each run, bytes of the elements in memory, their sum. The table is opened anew for every
run, so that what was read before is in the system's cache, but not in the program's.
"""
import json, sys, time
import numpy as np

path, column, engine, way, threads, runs = sys.argv[1:7]
threads, runs = int(threads), int(runs)
if engine == "arcae":
    import arcae
    def opened(): return arcae.table(path, ninstances=threads, readonly=True)
    def read(ms, out): return ms.getcol(column, None, out)
elif threads == 1:
    from casacore.tables import table
    def opened(): return table(path, ack=False)
    def read(ms, out): return ms.getcol(column) if out is None else ms.getcolnp(column, out)
else:
    sys.exit("casacore reads on one thread")
first = read(opened(), None)
kept = np.zeros(first.shape, first.dtype) if way == "into" else None
size, total = first.nbytes, None
del first
seconds = []
for _ in range(runs):
    ms, total = opened(), None
    start = time.perf_counter()
    total = read(ms, kept)
    seconds.append(time.perf_counter() - start)
    if kept is not None:
        total = kept
    ms.close()
if np.iscomplexobj(total):
    total = total.view(total.real.dtype)
print(json.dumps({"column": column, "engine": engine, "way": way, "threads": threads, "seconds": seconds,
                  "bytes": size, "sum": float(total.astype(np.float64).sum())}))

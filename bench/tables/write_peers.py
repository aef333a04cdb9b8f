"""How fast casacore writes columns, as JSON lines: write_peers.py TABLE ROWS CHANNELS CORRELATIONS

Beside `cargo run --release -p facette-tables --example write_speed`, with the same arguments, columns, tiles and chunks
of 4096 rows (scalars whole, which is the faster way here). Casacore does not call fsync: what it takes to the end of
`close` is "to page cache"; "durable" is that and an fsync of each file and of the folder. Compare like with like.
"""
import json, os, shutil, sys, time
import numpy as np
from casacore.tables import table, maketabdesc, makearrcoldesc, makescacoldesc

path, (n_row, n_chan, n_corr) = sys.argv[1], map(int, sys.argv[2:])
together, cell = 4096, n_chan * n_corr


def tiled(kind, axes, row_bytes):
    return {"TYPE": kind, "NAME": "tiles", "SPEC": {"DEFAULTTILESHAPE": np.array(axes + [max(1, (1 << 20) // row_bytes)])}}


def array(name, kind, value, **more): return makearrcoldesc(name, value, valuetype=kind, **more)


shape, axes = (together, n_chan, n_corr), [n_corr, n_chan]
i = np.arange(together * cell)
data = (i + 1j).astype("c8").reshape(shape)
rows = (np.arange(n_row) // 2000).astype("f8")
standard, incremental = {"TYPE": "StandardStMan", "NAME": "std"}, {"TYPE": "IncrementalStMan", "NAME": "ism"}
columns = [
    (array("DATA", "complex", 0j, ndim=2), tiled("TiledShapeStMan", axes, 8 * cell), data, 8 * cell),
    (array("FLAG", "boolean", False, ndim=2), tiled("TiledShapeStMan", axes, cell), (i % 7 == 0).reshape(shape), cell),
    (array("WEIGHT_SPECTRUM", "float", 0.0, ndim=2), tiled("TiledShapeStMan", axes, 4 * cell), i.astype("f4").reshape(shape), 4 * cell),
    (array("UVW", "double", 0.0, ndim=1, shape=[3]), tiled("TiledColumnStMan", [3], 24), np.arange(3.0 * together).reshape(together, 3), 24),
    (array("DATA_STANDARD", "complex", 0j, ndim=2), standard, data, 8 * cell),
    (makescacoldesc("TIME", 0.0), standard, rows, 8),
    (makescacoldesc("TIME_INCREMENTAL", 0.0), incremental, rows, 8),
]
# The first is written twice: the first time the system has to find memory for its page cache.
for i, (desc, manager, values, row_bytes) in enumerate(columns[:1] + columns):
    name = desc["name"]
    target = f"{path}.{name}"
    begin = time.perf_counter()
    t = table(target, maketabdesc([desc]), dminfo={"*1": dict(manager, COLUMNS=[name])}, nrow=n_row, ack=False)
    if values.ndim == 1: t.putcol(name, values)
    else:
        for first in range(0, n_row, together):
            n = min(together, n_row - first)
            t.putcol(name, values[:n], first, n)
    t.close()
    cached = time.perf_counter() - begin
    for file in [os.path.join(target, f) for f in os.listdir(target)] + [target]:
        fd = os.open(file, os.O_RDONLY)
        os.fsync(fd)
        os.close(fd)
    durable = time.perf_counter() - begin
    mb = n_row * row_bytes / 1e6
    if i: print(json.dumps({"writer": "casacore", "column": name, "mb": round(mb, 1),
                      "to_page_cache_mb_s": round(mb / cached), "durable_mb_s": round(mb / durable)}), flush=True)
    shutil.rmtree(target)

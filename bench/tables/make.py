"""Writes the table that `cargo xtask bench tables` reads: make.py OUT.ms [ROWS]

One column for each way of storing: DATA in tiles, DATA_STANDARD in StandardStMan, DATA_DYSCO packed, FLAG and
WEIGHT_SPECTRUM in tiles, UVW in tiles, UVW_INCREMENTAL in IncrementalStMan. 64 channels, 4 correlations.
"""
import os, sys
import numpy as np
from casacore.tables import table, maketabdesc, makearrcoldesc, makescacoldesc

out, n_row = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 264740
n_chan, n_corr, n_base = 64, 4, 2080
n_row -= n_row % n_base
shape = [n_chan, n_corr]


def tiled(name, kind, rows, cell):
    return {"TYPE": kind, "NAME": name, "SPEC": {"DEFAULTTILESHAPE": np.array(cell + [rows])}}


columns = [
    makescacoldesc("ANTENNA1", 0, valuetype="int"),
    makescacoldesc("ANTENNA2", 0, valuetype="int"),
    makescacoldesc("FIELD_ID", 0, valuetype="int"),
    makescacoldesc("DATA_DESC_ID", 0, valuetype="int"),
    makescacoldesc("TIME", 0.0, valuetype="double"),
    makearrcoldesc("DATA", 0j, ndim=2, shape=shape, valuetype="complex"),
    makearrcoldesc("DATA_STANDARD", 0j, ndim=2, shape=shape, valuetype="complex"),
    makearrcoldesc("DATA_DYSCO", 0j, ndim=2, shape=shape, valuetype="complex", options=5),
    makearrcoldesc("FLAG", False, ndim=2, shape=shape, valuetype="boolean"),
    makearrcoldesc("WEIGHT_SPECTRUM", 0.0, ndim=2, shape=shape, valuetype="float"),
    makearrcoldesc("UVW", 0.0, ndim=1, shape=[3], valuetype="double"),
    makearrcoldesc("UVW_INCREMENTAL", 0.0, ndim=1, shape=[3], valuetype="double", options=5),
]
managers = {
    "ANTENNA1": {"TYPE": "StandardStMan", "NAME": "std"},
    "DATA": tiled("Data", "TiledShapeStMan", 100, [n_corr, n_chan]),
    "DATA_STANDARD": {"TYPE": "StandardStMan", "NAME": "DataStandard"},
    "DATA_DYSCO": {"TYPE": "DyscoStMan", "NAME": "DataDysco", "SPEC": {
        "dataBitCount": 10, "weightBitCount": 12, "distribution": "TruncatedGaussian", "normalization": "AF",
        "distributionTruncation": 2.5, "studentTNu": 0.0}},
    "FLAG": tiled("Flag", "TiledShapeStMan", 1024, [n_corr, n_chan]),
    "WEIGHT_SPECTRUM": tiled("WeightSpectrum", "TiledShapeStMan", 256, [n_corr, n_chan]),
    "UVW": tiled("Uvw", "TiledColumnStMan", 1024, [3]),
    "UVW_INCREMENTAL": {"TYPE": "IncrementalStMan", "NAME": "UvwIncremental"},
}
groups = {}
for i, desc in enumerate(columns):
    manager = managers.get(desc["name"], managers["ANTENNA1"])
    group = groups.setdefault(manager["NAME"], dict(manager, COLUMNS=[]))
    group["COLUMNS"].append(desc["name"])
dminfo = {f"*{i + 1}": group for i, group in enumerate(groups.values())}
ms = table(out, maketabdesc(columns), dminfo=dminfo, nrow=n_row, ack=False, readonly=False)
rng = np.random.default_rng(1)
pairs = np.array([(a, b) for a in range(64) for b in range(a, 64)])
n_time = n_row // n_base
ms.putcol("ANTENNA1", np.tile(pairs[:, 0], n_time))
ms.putcol("ANTENNA2", np.tile(pairs[:, 1], n_time))
ms.putcol("TIME", np.repeat(4.8e9 + 8.0 * np.arange(n_time), n_base))
step = n_base * 8
for first in range(0, n_row, step):
    n = min(step, n_row - first)
    data = (rng.standard_normal((n, n_chan, n_corr, 2), dtype=np.float32)).view(np.complex64)[..., 0]
    for name in ("DATA", "DATA_STANDARD", "DATA_DYSCO"):
        ms.putcol(name, data, first, n)
    ms.putcol("FLAG", rng.random((n, n_chan, n_corr)) < 0.1, first, n)
    ms.putcol("WEIGHT_SPECTRUM", rng.random((n, n_chan, n_corr), dtype=np.float32), first, n)
    uvw = rng.standard_normal((n, 3)) * 1000.0
    ms.putcol("UVW", uvw, first, n)
    ms.putcol("UVW_INCREMENTAL", uvw, first, n)
ms.close()
print(out, n_row, "rows")

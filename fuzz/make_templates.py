"""Makes the small tables below templates/ with python-casacore, one per storage manager: `python make_templates.py`."""

import os
import shutil
import sys

import numpy as np
from casacore.tables import makearrcoldesc, makescacoldesc, maketabdesc, table

HERE = os.path.dirname(os.path.abspath(__file__))
N_ROW, N_CHAN, N_CORR = 12, 4, 2


def scalars(manager, group):
    common = dict(datamanagertype=manager, datamanagergroup=group)
    return [
        makescacoldesc("ANTENNA1", 0, **common),
        makescacoldesc("ANTENNA2", 0, **common),
        makescacoldesc("TIME", 0.0, **common),
        makescacoldesc("ROW_FLAG", False, **common),
        makescacoldesc("NAME", "", **common),
    ]


def arrays(manager, group):
    common = dict(datamanagertype=manager, datamanagergroup=group)
    return [
        makearrcoldesc("UVW", 0.0, shape=[3], options=5, **common),
        makearrcoldesc("FLAG", False, ndim=2, **common),
        makearrcoldesc("LABELS", "", ndim=1, **common),
    ]


def fill(t):
    row = np.arange(N_ROW, dtype="i4")
    values = dict(ANTENNA1=row % 3, ANTENNA2=row % 3 + 1, TIME=row // 6 * 1.0, ROW_FLAG=row % 2 == 0)
    for name in set(values) & set(t.colnames()):
        t.putcol(name, values[name])
    for name in {"FIELD_ID", "DATA_DESC_ID"} & set(t.colnames()):
        t.putcol(name, np.zeros(N_ROW, "i4"))
    for i in range(N_ROW):
        cells = dict(NAME="name" * (i % 5), UVW=np.arange(3.0) + i, FLAG=np.eye(N_CHAN, N_CORR) > i % 2)
        cells["LABELS"] = np.array(["a" * i, "bc"])
        cells["DATA"] = np.full((N_CHAN, N_CORR), i + 1j)
        cells["WEIGHT_SPECTRUM"] = np.full((N_CHAN, N_CORR), float(i), "f4")
        for name in set(cells) & set(t.colnames()):
            t.putcell(name, i, cells[name])


def make(name, columns, managers):
    path = os.path.join(HERE, "templates", name)
    shutil.rmtree(path, ignore_errors=True)
    t = table(path, maketabdesc(columns), nrow=N_ROW, dminfo=managers, ack=False)
    t.putkeyword("NUMBER", 1.5)
    t.putkeyword("NESTED", {"strings": ["a", "b"], "ints": np.arange(3)})
    t.putcolkeyword(columns[0]["name"], "UNIT", "s")
    fill(t)
    t.close()
    for extra in ("table.lock", "table.info"):
        os.remove(os.path.join(path, extra))


def manager(kind, name, columns, spec):
    return {"TYPE": kind, "NAME": name, "SEQNR": 0, "SPEC": spec, "COLUMNS": columns}


def names(columns):
    return [c["name"] for c in columns]


def main():
    for kind, folder in (("StandardStMan", "ssm"), ("IncrementalStMan", "ism"), ("StManAipsIO", "aipsio")):
        columns = scalars(kind, "Main") + arrays(kind, "Main")
        spec = {"BUCKETSIZE": 512} if kind != "StManAipsIO" else {}
        make(folder, columns, {"*1": manager(kind, "Main", names(columns), spec)})
    tiled = dict(DEFAULTTILESHAPE=[2, 3, 4])
    for kind, folder in (("TiledShapeStMan", "tiled_shape"), ("TiledColumnStMan", "tiled_column")):
        flag = makearrcoldesc("FLAG", False, shape=[N_CHAN, N_CORR], datamanagertype=kind, datamanagergroup="F")
        data = makearrcoldesc("DATA", 0j, valuetype="complex", shape=[N_CHAN, N_CORR], datamanagertype=kind, datamanagergroup="D")
        managers = {f"*{i}": manager(kind, g, [n], tiled) for i, (g, n) in enumerate((("F", "FLAG"), ("D", "DATA")))}
        make(folder, [makescacoldesc("TIME", 0.0), flag, data], managers)
    for normalization in ("AF", "RF", "Row"):
        common = dict(shape=[N_CHAN, N_CORR], options=5, datamanagertype="DyscoStMan", datamanagergroup="D")
        columns = scalars("StandardStMan", "Main")[:3]
        columns += [makescacoldesc(name, 0) for name in ("FIELD_ID", "DATA_DESC_ID")]
        columns += [makearrcoldesc("DATA", 0j, valuetype="complex", **common), makearrcoldesc("WEIGHT_SPECTRUM", 0.0, valuetype="float", **common)]
        spec = dict(dataBitCount=10, weightBitCount=12, distribution="TruncatedGaussian", normalization=normalization, studentTNu=0.0, distributionTruncation=2.5)
        managers = {"*1": manager("DyscoStMan", "D", ["DATA", "WEIGHT_SPECTRUM"], spec), "*2": manager("StandardStMan", "Main", names(columns[:3]), {"BUCKETSIZE": 512})}
        make("dysco_" + normalization.lower(), columns, managers)


main()

"""Dysco tables by casacore, for peer_tests.rs.

make DIR: tables with every normalization, distribution and bit count, the values that were put in (data.bin,
weight.bin) and what casacore reads of them (in each table, data.read and weight.read); their names, one a line.
read TABLE...: reads DATA and WEIGHT_SPECTRUM of tables into the same files.
"""

import sys

import numpy as np
from casacore.tables import makearrcoldesc, makescacoldesc, maketabdesc, table

N_ANTENNA, N_TIME, N_CHAN, N_CORR = 12, 2, 64, 4
DISTRIBUTIONS = [("Gaussian", 0.0, 2.5), ("Uniform", 0.0, 2.5), ("StudentT", 5.0, 2.5), ("TruncatedGaussian", 0.0, 2.5)]
BITS = [2, 3, 4, 6, 8, 10, 12, 16]


def antennas():
    pairs = [(a, b) for a in range(N_ANTENNA) for b in range(a + 1, N_ANTENNA)] * N_TIME
    return np.array(pairs, dtype="i4")


def observed(kind, pairs):
    """Noise with gains of antennas and channels, 5 % not finite; kind adds a source or outliers."""
    rng = np.random.default_rng(7)
    shape = (len(pairs), N_CHAN, N_CORR)
    noise = rng.normal(size=shape) + 1j * rng.normal(size=shape)
    if kind == "source":
        noise += 20 * np.exp(2j * np.pi * rng.random((len(pairs), 1, 1)) * np.linspace(1, 3, N_CHAN)[:, None])
    if kind == "outliers":
        noise[rng.random(shape) < 1e-3] *= 100
    antenna, channel = rng.random(N_ANTENNA) + 0.5, rng.random((N_CHAN, N_CORR)) + 0.5
    data = noise * (antenna[pairs[:, 0]] * antenna[pairs[:, 1]])[:, None, None] * channel
    data[rng.random(shape) < 0.05] = complex(np.nan, np.nan)
    return data.astype("c8"), rng.random(shape).astype("f4")


def make(path, data, weight, pairs, spec):
    n_row, n_chan, n_corr = data.shape
    scalars = [makescacoldesc("TIME", 0.0)]
    scalars += [makescacoldesc(name, 0) for name in ("ANTENNA1", "ANTENNA2", "FIELD_ID", "DATA_DESC_ID")]
    common = dict(shape=[n_chan, n_corr], options=5, datamanagertype="DyscoStMan")
    arrays = [
        makearrcoldesc("DATA", 0j, valuetype="complex", datamanagergroup="DyscoData", **common),
        makearrcoldesc("WEIGHT_SPECTRUM", 0.0, valuetype="float", datamanagergroup="DyscoWeight", **common),
    ]
    manager = lambda name, column: {"TYPE": "DyscoStMan", "NAME": name, "SEQNR": 0, "SPEC": spec, "COLUMNS": [column]}
    managers = {"*1": manager("DyscoData", "DATA"), "*2": manager("DyscoWeight", "WEIGHT_SPECTRUM")}
    t = table(path, maketabdesc(scalars + arrays), nrow=n_row, dminfo=managers, ack=False)
    t.putcol("TIME", np.arange(n_row) // (n_row // N_TIME) * 1.0)
    for name, values in (("ANTENNA1", pairs[:, 0]), ("ANTENNA2", pairs[:, 1])):
        t.putcol(name, values.copy())
    for name in ("FIELD_ID", "DATA_DESC_ID"):
        t.putcol(name, np.zeros(n_row, "i4"))
    t.putcol("DATA", data)
    t.putcol("WEIGHT_SPECTRUM", weight)
    t.close()


def read(path):
    t = table(path, ack=False)
    t.getcol("DATA").tofile(path + "/data.read")
    t.getcol("WEIGHT_SPECTRUM").tofile(path + "/weight.read")


def main():
    if sys.argv[1] == "read":
        for path in sys.argv[2:]:
            read(path)
        return
    pairs, folder = antennas(), sys.argv[2]
    every = [(n, d, b, "noise") for n in ("AF", "RF", "Row") for d in DISTRIBUTIONS for b in BITS]
    others = [(n, DISTRIBUTIONS[3], 10, k) for n in ("AF", "RF", "Row") for k in ("source", "outliers")]
    for normalization, (distribution, nu, truncation), bits, kind in every + others:
        data, weight = observed(kind, pairs)
        path = f"{folder}/{normalization}_{distribution}_{bits}_{kind}"
        spec = dict(dataBitCount=bits, weightBitCount=bits, distribution=distribution, normalization=normalization)
        make(path, data, weight, pairs, dict(spec, studentTNu=nu, distributionTruncation=truncation))
        read(path)
        data.tofile(path + "/data.bin")
        weight.tofile(path + "/weight.bin")
        print(path)


main()

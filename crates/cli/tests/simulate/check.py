"""Checks a simulated MeasurementSet: opens it with casacore and compares DATA with a direct sum in numpy.

usage: check.py MS SKY; prints the largest error relative to the largest visibility, and the rows."""
import sys
import numpy as np
import casacore.tables as ct

C = 299792458.0
ms, sky = sys.argv[1:]
t = ct.table(ms, ack=False)
freq = ct.table(ms + '/SPECTRAL_WINDOW', ack=False).getcol('CHAN_FREQ')[0]
ra0, dec0 = ct.table(ms + '/FIELD', ack=False).getcol('PHASE_DIR')[0, 0]
corr = list(ct.table(ms + '/POLARIZATION', ack=False).getcol('CORR_TYPE')[0])
uvw, data = t.getcol('UVW'), t.getcol('DATA')
assert corr == [9, 10, 11, 12] and data.shape == (t.nrows(), len(freq), 4), (corr, data.shape)


def sexagesimal(text, separator):
    sign = -1 if text.startswith('-') else 1
    h, m, s = text.lstrip('+-').split(separator, 2)
    return sign * (float(h) + float(m) / 60 + float(s) / 3600)


want = np.zeros(data.shape, complex)
for line in open(sky).read().splitlines()[1:]:
    terms = line[line.index('[') + 1:line.index(']')].split(',')
    line = line[:line.index('[')] + line[line.index(']') + 1:]
    f = [x.strip() for x in line.split(',')] + [''] * 8
    ra, dec = np.deg2rad(15 * sexagesimal(f[2], ':')), np.deg2rad(sexagesimal(f[3], '.'))
    i, q, u, v = (float(x) for x in f[4:8])
    x = freq / 1.4e9
    c = [float(x_) for x_ in terms]
    if f[9] == 'true':
        shape = x ** sum(ck * np.log10(x) ** k for k, ck in enumerate(c))
        i, q, u, v = i * shape, q * shape, u * shape, v * shape
    else:
        i = i + sum(ck * (x - 1) ** (k + 1) for k, ck in enumerate(c))
    l = np.cos(dec) * np.sin(ra - ra0)
    m = np.sin(dec) * np.cos(dec0) - np.cos(dec) * np.sin(dec0) * np.cos(ra - ra0)
    n = np.sqrt(1 - l * l - m * m)
    path = uvw @ np.array([l, m, n - 1])
    unit = np.exp(2j * np.pi * path[:, None] * freq / C)
    if f[1] == 'GAUSSIAN':
        major, minor = (np.deg2rad(float(a) / 3600) for a in f[11:13])
        pa = np.deg2rad(float(f[13]))
        uu, vv = uvw[:, 0] - uvw[:, 2] * l / n, uvw[:, 1] - uvw[:, 2] * m / n
        along, across = (uu * np.sin(pa) + vv * np.cos(pa)) * major, (uu * np.cos(pa) - vv * np.sin(pa)) * minor
        unit *= np.exp(-np.pi ** 2 / (4 * np.log(2)) * ((along ** 2 + across ** 2)[:, None] * (freq / C) ** 2))
    for k, s in enumerate((i + q, u + 1j * v, u - 1j * v, i - q)):
        want[:, :, k] += unit * s
error = abs(data - want).max() / abs(want).max()
a1, a2 = t.getcol('ANTENNA1'), t.getcol('ANTENNA2')
assert (a1 < a2).all() and not t.getcol('FLAG').any() and (t.getcol('WEIGHT') == 1).all()
for name in t.getkeywords():
    if name != 'MS_VERSION':
        sub = ct.table(ms + '/' + name, ack=False)
        [sub.getcell(c, r) for c in sub.colnames() for r in range(sub.nrows()) if sub.iscelldefined(c, r)]
history = ct.table(ms + '/HISTORY', ack=False)
assert history.nrows() == 1 and 'facette simulate' in history.getcell('CLI_COMMAND', 0)[0]
print(f'{error:.3e} {t.nrows()}')

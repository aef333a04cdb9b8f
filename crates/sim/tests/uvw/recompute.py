"""Recomputes baseline coordinates from the lines that uvw_peers.rs writes to standard input.

The model Iau2006 by ERFA, the C twin of SOFA, through its own one-call transformation (apco13, atciqz, atioq): the place
of the phase center gives w, those of two neighbours the directions of u and v. The model Casacore by casacore's measures.
Prints, for each peer, the largest difference in metres scaled to a baseline of 10 km, and the number of cases."""
import sys
import numpy as np
import erfa
import casacore.measures

MJD0 = 2400000.5
dm = casacore.measures.measures()


def vector(ra, dec):
    return np.array([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)])


def axes(ra, dec):
    east = np.array([-np.sin(ra), np.cos(ra), 0.0])
    north = np.array([-np.sin(dec) * np.cos(ra), -np.sin(dec) * np.sin(ra), np.cos(dec)])
    return east, north, vector(ra, dec)


def by_erfa(mjd, ra, dec, position, dut1, pole, baselines):
    lon, lat, height = erfa.gc2gd(1, position)
    ast, _ = erfa.apco13(MJD0, mjd, dut1, lon, lat, height, pole[0], pole[1], 0, 0, 0, 0.5)
    up = np.array([[-np.sin(lon), np.cos(lon), 0], [-np.sin(lat) * np.cos(lon), -np.sin(lat) * np.sin(lon), np.cos(lat)], vector(lon, lat)])
    # The phase center is of J2000, the mean equator and equinox; ERFA begins with ICRS.
    bias, _, _ = erfa.bp06(MJD0, mjd)

    def seen(direction):
        icrs = bias.T @ direction
        ri, di = erfa.atciqz(np.arctan2(icrs[1], icrs[0]), np.arcsin(icrs[2] / np.linalg.norm(icrs)), ast)
        az, zd, _, _, _ = erfa.atioq(ri, di, ast)
        return up.T @ np.array([np.sin(az) * np.sin(zd), np.cos(az) * np.sin(zd), np.cos(zd)])

    east, north, center = axes(ra, dec)
    step = 1e-4
    w = seen(center)
    u = seen(center + step * east) - seen(center - step * east)
    u -= w * (u @ w)
    u /= np.linalg.norm(u)
    return baselines @ np.array([u, np.cross(w, u), w]).T


def by_casacore(mjd, ra, dec, position, baselines):
    dm.do_frame(dm.epoch('UTC', f'{mjd:.12f}d'))
    dm.do_frame(dm.position('ITRF', *[f'{x:.9f}m' for x in position]))
    dm.do_frame(dm.direction('J2000', f'{ra:.15f}rad', f'{dec:.15f}rad'))
    turned = []
    for b in baselines:
        measure = dm.measure(dm.baseline('ITRF', *[f'{x:.9f}m' for x in b]), 'J2000')
        turned.append(measure['m2']['value'] * vector(measure['m0']['value'], measure['m1']['value']))
    return np.array(turned) @ np.array(axes(ra, dec)).T


worst, count = {'erfa': 0.0, 'casacore': 0.0, 'models differ by': 0.0}, {'erfa': 0, 'casacore': 0, 'models differ by': 0}
for line in sys.stdin:
    words = line.split()
    mjd, ra, dec, x, y, z, dut1, px, py, *rest = map(float, words[1:])
    rows = np.array(rest).reshape(-1, 6)
    baselines, uvw = rows[:, :3], rows[:, 3:]
    position = np.array([x, y, z])
    if words[0] == 'Iau2006':
        found = {'erfa': by_erfa(mjd, ra, dec, position, dut1, (px, py), baselines)}
        found['models differ by'] = by_casacore(mjd, ra, dec, position, baselines)
    else:
        found = {'casacore': by_casacore(mjd, ra, dec, position, baselines)}
    for peer, want in found.items():
        error = np.linalg.norm(uvw - want, axis=1) / np.linalg.norm(baselines, axis=1) * 1e4
        worst[peer], count[peer] = max(worst[peer], error.max()), count[peer] + len(rows)
for peer in worst:
    print(f'{peer} {worst[peer]:.6f} m on 10 km, the worst of {count[peer]} baselines')

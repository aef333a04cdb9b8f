"""Observes with CASA's simulator what a MeasurementSet holds, and compares UVW: casa_simulator.py MS SCRATCH.ms.

Prints the largest difference in metres, scaled to a baseline of 10 km, and the number of rows."""
import glob
import os
import sys
from casaconfig import config

data = glob.glob(os.path.expanduser('~/.cache/facette-peers/core/lib/python3*/site-packages/casacore/data'))
config.datapath = data
config.measurespath = data[0] if data else None
config.measures_auto_update = config.data_auto_update = False
config.nologfile = True
import numpy as np  # noqa: E402
from casatools import measures, quanta, simulator, table  # noqa: E402  configured above

# The simulator counts from the reference time in TAI.
LEAP_S = 37.0
ms, scratch = sys.argv[1:]
me, qa, sm, tb = measures(), quanta(), simulator(), table()


def column(path, name):
    tb.open(path)
    value = tb.getcol(name)
    tb.close()
    return value


position, names = column(ms + '/ANTENNA', 'POSITION'), list(column(ms + '/ANTENNA', 'NAME'))
time, uvw = column(ms, 'TIME'), column(ms, 'UVW').T
a1, a2 = column(ms, 'ANTENNA1'), column(ms, 'ANTENNA2')
direction = column(ms + '/FIELD', 'PHASE_DIR')[:, 0, 0]
interval = column(ms, 'INTERVAL')[0]
middle = position.mean(axis=1)
sm.open(scratch)
sm.setconfig(telescopename='VLA', x=position[0], y=position[1], z=position[2], dishdiameter=[25.0] * len(names), mount=['alt-az'] * len(names),
             antname=names, padname=names, coordsystem='global', referencelocation=me.position('ITRF', *[qa.quantity(x, 'm') for x in middle]))
sm.setspwindow(spwname='B', freq='1.4GHz', deltafreq='1MHz', freqresolution='1MHz', nchannels=1, stokes='XX YY')
sm.setfeed('perfect X Y', pol=[''])
sm.setfield(sourcename='F', sourcedirection=me.direction('J2000', qa.quantity(direction[0], 'rad'), qa.quantity(direction[1], 'rad')))
sm.setlimits(shadowlimit=0.0001, elevationlimit='0deg')
sm.setauto(autocorrwt=0.0)
sm.settimes(integrationtime=qa.quantity(interval, 's'), usehourangle=False, referencetime=me.epoch('UTC', qa.quantity(time[0] - interval / 2 - LEAP_S, 's')))
sm.observe('F', 'B', starttime='0s', stoptime=qa.quantity(time[-1] - time[0] + interval, 's'))
sm.close()
t2, u2, b1, b2 = column(scratch, 'TIME'), column(scratch, 'UVW').T, column(scratch, 'ANTENNA1'), column(scratch, 'ANTENNA2')
theirs = {(round(t), i, j): u for t, i, j, u in zip(t2, b1, b2, u2)}
pairs = [(u, theirs[round(t), i, j]) for t, i, j, u in zip(time, a1, a2, uvw) if (round(t), i, j) in theirs]
assert len(pairs) == len(uvw), (len(pairs), len(uvw), t2[:2], time[:2])
mine, theirs = (np.array(x) for x in zip(*pairs))
error = np.linalg.norm(mine - theirs, axis=1) / np.linalg.norm(theirs, axis=1) * 1e4
print(f'{error.max():.6f} {len(pairs)}')

"""CASA's listobs on a MeasurementSet: listobs.py MS TEXTFILE; prints what it wrote. Measures tables are python-casacore's."""
import glob
import os
import sys
from casaconfig import config

data = glob.glob(os.path.expanduser('~/.cache/facette-peers/core/lib/python3*/site-packages/casacore/data'))
config.datapath = data
config.measurespath = data[0] if data else None
config.measures_auto_update = config.data_auto_update = False
config.nologfile = True
import casatasks  # noqa: E402  configured above

casatasks.listobs(sys.argv[1], listfile=sys.argv[2], overwrite=True)
print(open(sys.argv[2]).read())

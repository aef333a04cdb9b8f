"""Reads the table with a few long notes, whose buckets grew while it was written.

usage: long_notes.py TABLE
"""
import sys
from casacore.tables import table

LONG = {300: "a" * 40000, 2000: "b" * 150000, 2001: "c" * 151000}

t = table(sys.argv[1], readonly=False, ack=False)
for row, (note, time) in enumerate(zip(t.getcol("NOTE"), t.getcol("TIME"))):
    assert note == LONG.get(row, str(row)) and time == row, row
    assert list(t.getcell("WEIGHT", row)) == [(row + 1) // 2, 2.5, 3.5], row
t.putcell("NOTE", 5999, "d" * 1000)
t.close()
t = table(sys.argv[1], ack=False)
assert t.getcell("NOTE", 5999) == "d" * 1000 and t.getcell("NOTE", 5998) == "5998"
t.close()

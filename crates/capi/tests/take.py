"""pyarrow takes a stream of libfacette_capi without a copy: take.py LIBRARY TABLE [COLUMN …].

The C structures are read by hand: the addresses of their buffers must be those that pyarrow has afterwards. Values are
compared with python-casacore's, and the nesting with arcae's where that reads the table.
"""
import ctypes
import sys

import numpy as np
import pyarrow as pa
from casacore.tables import table


class Array(ctypes.Structure):
    pass


Array._fields_ = [
    ("length", ctypes.c_int64), ("null_count", ctypes.c_int64), ("offset", ctypes.c_int64),
    ("n_buffers", ctypes.c_int64), ("n_children", ctypes.c_int64),
    ("buffers", ctypes.POINTER(ctypes.c_void_p)), ("children", ctypes.POINTER(ctypes.POINTER(Array))),
    ("dictionary", ctypes.c_void_p), ("release", ctypes.c_void_p), ("private_data", ctypes.c_void_p),
]


class Schema(ctypes.Structure):
    _fields_ = [("space", ctypes.c_byte * 72)]


class Stream(ctypes.Structure):
    _fields_ = [("get_schema", ctypes.c_void_p), ("get_next", ctypes.c_void_p), ("last_error", ctypes.c_void_p),
                ("release", ctypes.c_void_p), ("private_data", ctypes.c_void_p)]


def call(pointer, *arguments):
    function = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)(pointer)
    return function(*[ctypes.addressof(a) for a in arguments])


def addresses(array):
    """Addresses of all buffers of a C array and its children."""
    own = [array.buffers[i] or 0 for i in range(array.n_buffers)]
    return own + [a for i in range(array.n_children) for a in addresses(array.children[i].contents)]


library, path, *columns = sys.argv[1:]
stream, message = Stream(), ctypes.create_string_buffer(500)
opened = ctypes.CDLL(library).facette_table_stream(
    path.encode(), ",".join(columns).encode(), ctypes.c_uint64(0), ctypes.c_uint64(2**63), ctypes.c_uint64(50),
    ctypes.byref(stream), message, ctypes.c_size_t(500))
assert opened == 0, message.value
main, row, n_shared = table(path, ack=False), 0, 0
try:
    import arcae
    theirs = arcae.table(path)
except Exception as why:  # it does not read every table
    print("arcae:", why)
    theirs = None
while True:
    array, schema = Array(), Schema()
    assert call(stream.get_next, stream, array) == 0
    if not array.release:
        break
    assert call(stream.get_schema, stream, schema) == 0
    before = set(addresses(array)) - {0}
    batch = pa.RecordBatch._import_from_c(ctypes.addressof(array), ctypes.addressof(schema))
    for name in batch.schema.names:
        ours = batch.column(name)
        after = [b.address for b in ours.buffers() if b is not None]
        assert after and set(after) <= before, (name, after, before)
        n_shared += len(after)
        want = main.getcol(name, row, batch.num_rows)
        leaf = ours
        while pa.types.is_fixed_size_list(leaf.type):
            leaf = leaf.flatten()
        if isinstance(want, np.ndarray):
            flat = want.view(want.real.dtype).ravel() if np.iscomplexobj(want) else want.ravel()
            assert np.array_equal(leaf.to_numpy(zero_copy_only=False), flat, equal_nan=flat.dtype.kind == "f"), name
        else:
            assert leaf.to_pylist() == (want if isinstance(want, list) else want["array"]), name
        if theirs is not None:
            other = theirs.to_arrow((slice(row, row + batch.num_rows),), [name]).column(name).combine_chunks()
            same = [ours.type, other.type]
            for i in (0, 1):
                sizes = []
                while pa.types.is_fixed_size_list(same[i]):
                    sizes.append(same[i].list_size)
                    same[i] = same[i].value_type
                same[i] = (sizes, same[i])
            if pa.types.is_boolean(same[0][1]) and same[1][1] == pa.uint8():
                same[0] = same[1] if same[0][0] == same[1][0] else same[0]  # arcae has truth values as bytes
            print("arcae", name, "same" if same[0] == same[1] else f"{same}")
    row += batch.num_rows
assert row == main.nrows(), (row, main.nrows())
print("shared", n_shared, "rows", row)

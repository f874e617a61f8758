"""Plain numbers in npy format where numpy is not installed."""

import ast
import struct

_CODES = {"|b1": "?", "<i8": "q", "<f8": "d"}


def npy_bytes(value):
    """The bytes numpy.save writes for a number or (nested) lists of numbers; None for everything else."""
    flat = []
    try:
        shape = _shape(value, flat)
        descr = _descr(flat)
        data = struct.pack("<%d%s" % (len(flat), _CODES[descr]), *flat)
    except (TypeError, ValueError, struct.error, OverflowError):
        return None
    text = "{'descr': '%s', 'fortran_order': False, 'shape': %r, }" % (descr, shape)
    if shape:
        text += " " * (21 - len(repr(shape[0])))
    text += " " * (64 - (10 + len(text) + 1) % 64) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode("latin-1") + data


def _shape(value, flat):
    if not isinstance(value, (list, tuple, range)):
        flat.append(value)
        return ()
    inner = {_shape(item, flat) for item in value}
    if len(inner) > 1:
        raise ValueError("lists of different lengths")
    return (len(value),) + (inner.pop() if inner else ())


def _descr(flat):
    kinds = set(map(type, flat))
    if not kinds:
        return "<f8"
    if kinds == {bool}:
        return "|b1"
    if kinds <= {int, bool}:
        return "<i8"
    if kinds <= {int, bool, float}:
        return "<f8"
    raise TypeError("not only numbers")


_READ_CODES = {
    "b1": "?", "i1": "b", "i2": "h", "i4": "i", "i8": "q", "u1": "B", "u2": "H", "u4": "I", "u8": "Q",
    "f2": "e", "f4": "f", "f8": "d",
}


def nested_lists(data):
    """The array in npy bytes as a number or nested lists of numbers; None for types beyond that."""
    major = data[6]
    start = 10 if major == 1 else 12
    size = struct.unpack_from("<H" if major == 1 else "<I", data, 8)[0]
    header = ast.literal_eval(data[start : start + size].decode("utf-8" if major == 3 else "latin-1").strip())
    descr, shape = header["descr"], tuple(header["shape"])
    if not isinstance(descr, str):
        return None
    code, parts = _READ_CODES.get(descr[1:]), 1
    if descr[1:] in ("c8", "c16"):
        code, parts = "f" if descr[1:] == "c8" else "d", 2
    if code is None:
        return None
    count = 1
    for length in shape:
        count *= length
    order = ">" if descr[0] == ">" else "<"
    flat = list(struct.unpack_from("%s%d%s" % (order, count * parts, code), data, start + size))
    if parts == 2:
        flat = [complex(flat[i], flat[i + 1]) for i in range(0, len(flat), 2)]
    if header["fortran_order"]:
        return _fortran(flat, shape, 0, 1)
    return _nested(flat, shape)


def _nested(flat, shape, at=0):
    if not shape:
        return flat[at]
    if len(shape) == 1:
        return flat[at : at + shape[0]]
    step = 1
    for length in shape[1:]:
        step *= length
    return [_nested(flat, shape[1:], at + i * step) for i in range(shape[0])]


def _fortran(flat, shape, at, step):
    if not shape:
        return flat[at]
    return [_fortran(flat, shape[1:], at + i * step, step * shape[0]) for i in range(shape[0])]

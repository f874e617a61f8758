"""Writing plain numbers in npy format where numpy is not installed."""

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

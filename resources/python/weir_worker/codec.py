"""Encodings of port values (DropParser of DALiuGE): Python object <-> bytes.

Unpickling happens here and nowhere else in Weir: this process runs the user's code anyway.
"""

import ast
import base64
import binascii
import io
import pickle
import struct
import sys

from .npy import nested_lists, npy_bytes

PROTOCOL = 4  # what every supported Python and DALiuGE itself reads
_ATOMS = frozenset((type(None), bool, int, float, complex, str, bytes))
_ITEMS_LOOKED_AT = 64

_dill = None
_dill_looked_for = False


class EncodingError(Exception):
    """A value does not fit its encoding. The message is for people."""


class NeedsPackage(EncodingError):
    """A package is missing. `package` names it."""

    def __init__(self, package, why):
        super().__init__(
            "%s, and the Python package '%s' is not installed for %s. Install it with: %s -m pip install %s"
            % (why, package, sys.executable, sys.executable, package)
        )
        self.package = package


def dill_module():
    """dill, or None where it is not installed."""
    global _dill, _dill_looked_for
    if not _dill_looked_for:
        _dill_looked_for = True
        try:
            import dill

            _dill = dill
        except ImportError:
            _dill = None
    return _dill


def numpy_module(why):
    try:
        import numpy
    except ImportError:
        raise NeedsPackage("numpy", why) from None
    return numpy


def numpy_loaded():
    """numpy when something imported it already: without it no value can be a numpy value."""
    return sys.modules.get("numpy")


# --- reading ------------------------------------------------------------------------------------------------------


def unpickle(data, what="the value"):
    """The object in a pickle or dill stream."""
    dill = dill_module()
    try:
        return dill.loads(data) if dill else pickle.loads(data)
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] == "dill":
            raise NeedsPackage("dill", "%s was written by dill" % what) from None
        raise EncodingError(
            "%s needs the Python module '%s', which is not installed here" % (what, error.name)
        ) from error
    except (pickle.UnpicklingError, EOFError, ValueError, IndexError, KeyError, AttributeError) as error:
        head = bytes(data[:24])
        raise EncodingError(
            "%s is no readable pickle (it starts with %r): %s" % (what, head, error)
        ) from error


def _pickle_in_text(text):
    """The pickle hidden as base64 in a text drop (DALiuGE stores bytes in text drops that way), or None."""
    if not text.startswith("gA"):
        return None
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return data if data[:1] == b"\x80" and data.endswith(b".") else None


def decode(data, encoding, is_text=False, what="the value"):
    """The object that `data` (bytes) holds in `encoding`. `is_text`: the data comes from a text drop."""
    if encoding in ("dill", "pickle", "raw", "", None):
        if not data:
            return "" if is_text and encoding in ("raw",) else None
        if is_text:
            text = data.decode("utf-8")
            inner = _pickle_in_text(text)
            return text if inner is None else unpickle(inner, what)
        return unpickle(data, what)
    if encoding == "utf-8":
        text = _text_or_bytes(data)
        if text is data:
            print("%s is no UTF-8 text: the function gets its bytes" % what, file=sys.stderr)
        return text
    if encoding == "eval":
        text = _text(data, what)
        if not text.strip():
            return None
        return literal(text, what)
    if encoding == "npy":
        return _read_npy(data, what)
    if encoding == "binary":
        return _text_or_bytes(data) if data else 0
    if encoding in ("path", "dataurl"):
        # A drop without a place: its content, as text where it is one.
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError:
            return memoryview(data)
    if encoding == "bytes":
        return data
    raise EncodingError("%s has the unknown encoding '%s'" % (what, encoding))


def literal(text, what="the value"):
    """A Python literal; nothing is executed."""
    try:
        return ast.literal_eval(text.strip())
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError) as error:
        raise EncodingError("%s is no Python literal: %r (%s)" % (what, text[:80], error)) from error


def _text_or_bytes(data):
    """What is no text is for a function that takes bytes: DALiuGE gives it them under these encodings, too."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data


def _text(data, what):
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise EncodingError("%s is no UTF-8 text: %s" % (what, error)) from error


def _read_npy(data, what):
    if not data:
        return None
    if data[:6] != b"\x93NUMPY":
        return unpickle(data, what)
    try:
        numpy = numpy_module("%s is in npy format" % what)
    except NeedsPackage:
        value = _npy_without_numpy(data, what)
        if value is None:
            raise
        return value
    return numpy.load(io.BytesIO(data), allow_pickle=True)


def _npy_without_numpy(data, what):
    """Numbers as nested lists; None for what only numpy can make."""
    try:
        return nested_lists(data)
    except (struct.error, IndexError, KeyError, TypeError, ValueError, SyntaxError) as error:
        raise EncodingError("%s is damaged npy data: %s" % (what, error)) from error


# --- writing ------------------------------------------------------------------------------------------------------


def is_bytes_or_text(value):
    return isinstance(value, (str, bytes, bytearray, memoryview))


def encode(value, encoding, what="the result"):
    """`value` as bytes in `encoding`."""
    if encoding in ("dill", "", None):
        return _write_dill(value, what)
    if encoding == "pickle":
        return _write_pickle(value, what)
    if encoding in ("utf-8", "eval"):
        return (value if isinstance(value, str) else repr(value)).encode("utf-8", "surrogateescape")
    if encoding == "npy":
        try:
            numpy = numpy_module("%s is to be written in npy format" % what)
        except NeedsPackage:
            data = npy_bytes(value)
            if data is None:
                raise
            return data
        array = value if isinstance(value, numpy.ndarray) else numpy.array(value)
        out = io.BytesIO()
        try:
            numpy.save(out, array, allow_pickle=False)
        except ValueError as error:
            raise EncodingError("%s cannot be written in npy format: %s" % (what, error)) from error
        return out.getvalue()
    if encoding in ("binary", "raw"):
        data = _bytes_of(value)
        if data is None:
            raise EncodingError(
                "%s is to be written with encoding '%s', which takes bytes or text, but is of type %s"
                % (what, encoding, type(value).__name__)
            )
        return data
    if encoding in ("path", "dataurl"):
        raise EncodingError(
            "%s cannot be written with encoding '%s': it names a place, not a format. Use it only on a port whose"
            " argument receives the path" % (what, encoding)
        )
    raise EncodingError("%s has the unknown encoding '%s'" % (what, encoding))


def _bytes_of(value):
    """The bytes of a text, of a buffer (arrays and numbers of numpy are such) or of None, which has none; else None."""
    if value is None:
        return b""
    if isinstance(value, str):
        return value.encode("utf-8")
    numpy = numpy_loaded()
    if numpy is not None and isinstance(value, (numpy.ndarray, numpy.generic)):
        # Of objects these would be addresses.
        return None if value.dtype.hasobject else value.tobytes()
    try:
        return bytes(memoryview(value))
    except TypeError:
        return None


def _write_pickle(value, what):
    try:
        return pickle.dumps(value, PROTOCOL)
    except (pickle.PicklingError, TypeError, AttributeError, RecursionError) as error:
        raise EncodingError("%s (%s) cannot be pickled: %s" % (what, type(value).__name__, error)) from error


def _write_dill(value, what):
    # Plain data is the same in both formats and C pickle is many times faster.
    if is_plain(value):
        return pickle.dumps(value, PROTOCOL)
    dill = dill_module()
    if dill:
        try:
            return dill.dumps(value, PROTOCOL)
        except Exception as error:
            raise EncodingError("%s (%s) cannot be pickled by dill: %s" % (what, type(value).__name__, error)) from error
    try:
        return pickle.dumps(value, PROTOCOL)
    except Exception:
        raise NeedsPackage("dill", "%s (%s) cannot be written by plain pickle" % (what, type(value).__name__)) from None


def is_plain(value, depth=4):
    """Whether `value` is built of plain types only, as far as a quick look tells without doubt."""
    kind = type(value)
    if kind in _ATOMS or kind is bytearray or kind is range:
        return True
    if depth == 0:
        return False
    if kind in (list, tuple, set, frozenset):
        if set(map(type, value)) <= _ATOMS:
            return True
        return len(value) <= _ITEMS_LOOKED_AT and all(is_plain(item, depth - 1) for item in value)
    if kind is dict:
        if set(map(type, value)) <= _ATOMS and set(map(type, value.values())) <= _ATOMS:
            return True
        return len(value) <= _ITEMS_LOOKED_AT and all(
            is_plain(key, depth - 1) and is_plain(item, depth - 1) for key, item in value.items()
        )
    return _is_plain_numpy(value)


def _is_plain_numpy(value):
    numpy = numpy_loaded()
    if numpy is None:
        return False
    return type(value) is numpy.ndarray and not value.dtype.hasobject or isinstance(value, numpy.number)


def estimate_size(value):
    """About how many bytes `value` takes when encoded, without encoding it."""
    kind = type(value)
    if kind in (bytes, bytearray, str):
        return len(value)
    numpy = numpy_loaded()
    if numpy is not None and kind is numpy.ndarray:
        return value.nbytes
    if kind in (list, tuple, set, frozenset):
        return 9 * len(value)
    if kind is dict:
        return 20 * len(value)
    return sys.getsizeof(value, 64)


_LAZY_ENCODINGS = frozenset(("dill", "pickle"))


def encodes_surely(value, encoding):
    """Whether encoding can be put off: it will succeed later whatever happens."""
    numpy = numpy_loaded()
    if numpy is not None and type(value) is numpy.ndarray:
        return not value.dtype.hasobject and encoding in ("dill", "pickle", "npy", "utf-8", "eval")
    if type(value) in (bytes, bytearray) and encoding in ("binary", "raw"):
        return True
    return encoding in _LAZY_ENCODINGS and is_plain(value)


_IMMUTABLE = frozenset((type(None), bool, int, float, complex, str, bytes, range))


def copies_quickly(value):
    """Whether `private_copy` need not encode it."""
    kind = type(value)
    if kind in _IMMUTABLE:
        return True
    numpy = numpy_loaded()
    if numpy is not None and kind is numpy.ndarray:
        return not value.dtype.hasobject
    if kind is dict:
        return set(map(type, value)) <= _IMMUTABLE and set(map(type, value.values())) <= _IMMUTABLE
    return kind in (list, set, tuple, frozenset) and set(map(type, value)) <= _IMMUTABLE


def private_copy(value):
    """A copy no other consumer can see changes of; the value itself when it cannot change."""
    if not copies_quickly(value):
        return unpickle(_write_dill(value, "the value"))
    kind = type(value)
    if kind in (list, set, dict):
        return value.copy()
    if kind in _IMMUTABLE or kind in (tuple, frozenset):
        return value
    # In the order reading back what was written would give.
    return value.copy("F" if value.flags.fnc else "C")

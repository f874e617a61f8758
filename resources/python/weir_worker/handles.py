"""Objects this worker made and still holds, so that the next Python consumer here gets them without a copy."""

import os
import threading
from collections import OrderedDict

from . import codec


class LostHandle(Exception):
    """The Host asks for an object this worker does not have."""


class _Entry:
    __slots__ = ("value", "data", "size", "encodings", "files")

    def __init__(self, value, data, size, encodings):
        self.value = value
        self.data = data  # encoding -> bytes, in place of a value that cannot be copied without encoding it
        self.size = size
        self.encodings = encodings  # the encodings its outputs were declared with
        self.files = None  # encoding -> path, once the object was spilled


class HandleTable:
    """A bounded table, least recently used first.

    What does not fit is written to files in its declared encodings; the Host is told (`on_spill`) before the object is
    let go. A spilled handle stays valid: it is read back from its file until the Host releases it.
    """

    def __init__(self, limit_bytes, limit_count, on_spill):
        self._limit_bytes = limit_bytes
        self._limit_count = limit_count
        self._on_spill = on_spill
        self._entries = OrderedDict()
        self._bytes = 0
        self._live = 0
        self._next = 1
        self._lock = threading.RLock()

    def put(self, value, size, encodings, scratch, data=None):
        """Keeps `value`, which must be nobody else's: what the user's code still holds, it may change.

        `data` are its bytes by encoding: they are kept in its place.
        """
        with self._lock:
            handle = self._next
            self._next += 1
            self._entries[handle] = _Entry(None if data else value, data, size, tuple(encodings))
            self._bytes += size
            self._live += 1
            self._evict(keep=handle, scratch=scratch)
            return handle

    def value(self, handle, written_as, encoding, move):
        """What a consumer reading in `encoding` gets from the drop that was written in `written_as`.

        With `move` nobody else will ask again: the object itself may go.
        """
        with self._lock:
            entry = self._entry(handle)
            if entry.files is None:
                self._entries.move_to_end(handle)
            if entry.files is not None or entry.data is not None:
                return codec.decode(self._bytes_of(entry, written_as), encoding)
            if move and _is_same(written_as, encoding):
                self._forget(handle, entry)
                return _as_written(entry.value, written_as)
            return read_back(entry.value, written_as, encoding)

    def encoded(self, handle, encoding):
        """The bytes of the object in `encoding`, one of those it was kept with."""
        with self._lock:
            return self._bytes_of(self._entry(handle), encoding)

    @staticmethod
    def _bytes_of(entry, encoding):
        if entry.files is None:
            return codec.encode(entry.value, encoding) if entry.data is None else entry.data[encoding]
        with open(entry.files[encoding], "rb") as file:
            return file.read()

    def release(self, handles):
        with self._lock:
            for handle in handles:
                entry = self._entries.get(handle)
                if entry is not None:
                    self._forget(handle, entry)

    def stats(self):
        with self._lock:
            return {"count": len(self._entries), "live": self._live, "bytes": self._bytes}

    def _entry(self, handle):
        entry = self._entries.get(handle)
        if entry is None:
            raise LostHandle("this worker holds no object %r" % (handle,))
        return entry

    def _forget(self, handle, entry):
        del self._entries[handle]
        if entry.files is None:
            self._bytes -= entry.size
            self._live -= 1

    def _evict(self, keep, scratch):
        if self._bytes <= self._limit_bytes and self._live <= self._limit_count:
            return
        for handle, entry in list(self._entries.items()):
            if self._bytes <= self._limit_bytes and self._live <= self._limit_count:
                return
            if handle == keep or entry.files is not None:
                continue
            files = {}
            for encoding in entry.encodings:
                files[encoding] = write_scratch(scratch, self._bytes_of(entry, encoding))
            self._on_spill(handle, files)
            entry.value, entry.data, entry.files = None, None, files
            self._bytes -= entry.size
            self._live -= 1


def read_back(value, written_as, encoding):
    """What reading in `encoding` gives of a value written in `written_as`: an object nobody else has."""
    if not _is_same(written_as, encoding):
        return codec.decode(codec.encode(value, written_as), encoding)
    return codec.private_copy(_as_written(value, written_as))


def _as_written(value, written_as):
    if written_as == "npy":
        return codec.numpy_module("the value is in npy format").asarray(value)
    return value


_PICKLES = ("dill", "pickle", "raw")


def _is_same(written_as, encoding):
    """Whether reading back in `encoding` gives an equal object, so that the object itself will do."""
    if written_as == "npy":
        return encoding == "npy"
    return written_as in ("dill", "pickle") and encoding in _PICKLES


_scratch_number = 0
_scratch_lock = threading.Lock()


def write_scratch(directory, data):
    """Writes `data` to a new file in `directory`; its path. The Host owns the file from then on."""
    global _scratch_number
    with _scratch_lock:
        _scratch_number += 1
        number = _scratch_number
    path = os.path.join(directory, "weir-python-%d-%d.bin" % (os.getpid(), number))
    with open(path, "xb") as file:
        file.write(data)
    return path

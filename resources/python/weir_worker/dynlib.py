"""The process of a dynamic library that wants Python inside (`init2`, `run2`), for one drop.

    stdin: frames from the Host (start, data, completed)      fd 3: one JSON line per report to the Host
    fd 4...: contents of inputs, then of outputs, as plain blocking pipes the library reads and writes through

The Host speaks to it as to engine/drops/dynlib-worker.ts. The interpreter lock is held while the library runs, so that
it may use Python's functions; the callbacks take it again.
"""

import ctypes
import json
import os

from .frames import FrameReader

_REPORT_FD = 3
_FINISHED = 2

_READ = ctypes.CFUNCTYPE(ctypes.c_size_t, ctypes.c_void_p, ctypes.c_size_t)
_WRITE = ctypes.CFUNCTYPE(ctypes.c_size_t, ctypes.c_void_p, ctypes.c_size_t)
_RUNNING = ctypes.CFUNCTYPE(None)
_DONE = ctypes.CFUNCTYPE(None, ctypes.c_int)

_NAMED = [("uid", ctypes.c_char_p), ("oid", ctypes.c_char_p), ("name", ctypes.c_char_p)]


class _Input(ctypes.Structure):
    _fields_ = _NAMED + [("status", ctypes.c_int), ("read", _READ)]


class _StreamingInput(ctypes.Structure):
    _fields_ = _NAMED


class _Output(ctypes.Structure):
    _fields_ = _NAMED + [("write", _WRITE)]


class _App(ctypes.Structure):
    _fields_ = [
        ("appname", ctypes.c_char_p),
        ("uid", ctypes.c_char_p),
        ("oid", ctypes.c_char_p),
        ("ranks", ctypes.POINTER(ctypes.c_int32)),
        ("n_ranks", ctypes.c_uint),
        ("inputs", ctypes.POINTER(_Input)),
        ("n_inputs", ctypes.c_uint),
        ("streaming_inputs", ctypes.POINTER(_StreamingInput)),
        ("n_streaming_inputs", ctypes.c_uint),
        ("outputs", ctypes.POINTER(_Output)),
        ("n_outputs", ctypes.c_uint),
        ("running", _RUNNING),
        ("done", _DONE),
        ("data", ctypes.c_void_p),
    ]


class LibraryError(Exception):
    """What the library did not do right, in words."""


def report(**message):
    os.write(_REPORT_FD, (json.dumps(message) + "\n").encode("utf-8"))


def _reader(fd):
    def read(buffer, count):
        try:
            data = os.read(fd, min(count, 1 << 20))
        except OSError:
            return 0
        ctypes.memmove(buffer, data, len(data))
        return len(data)

    return _READ(read)


def _writer(fd):
    def write(buffer, count):
        left = memoryview(ctypes.string_at(buffer, count))
        try:
            while left:
                left = left[os.write(fd, left) :]
        except OSError:
            pass  # nobody takes it any more
        return count - len(left)

    return _WRITE(write)


def _names(drop):
    return [drop[key].encode("utf-8") for key in ("uid", "oid", "name")]


class Library:
    def __init__(self, start):
        self.is_streaming = start["isStreaming"]
        self._lib = ctypes.PyDLL(start["lib"])
        needed = ["data_written", "drop_completed"] if self.is_streaming else [("run2", "run")]
        missing = [name for name in [("init2", "init")] + needed if not self._has(name)]
        if missing:
            names = [" or ".join(reversed(name)) if isinstance(name, tuple) else name for name in missing]
            raise LibraryError("it does not export %s" % " and ".join(names))
        self._start = start
        self._app = self._make_app(start)

    def _has(self, name):
        names = name if isinstance(name, tuple) else (name,)
        return any(hasattr(self._lib, one) for one in names)

    def _make_app(self, start):
        inputs = [_Input(*_names(drop), drop["status"], _reader(drop["fd"])) for drop in start["inputs"]]
        streams = [_StreamingInput(*_names(drop)) for drop in start["streamingInputs"]]
        outputs = [_Output(*_names(drop), _writer(drop["fd"])) for drop in start["outputs"]]
        ranks = [int(rank) for rank in start["ranks"]]
        uid, oid, name = _names(start)
        return _App(
            name,
            uid,
            oid,
            (ctypes.c_int32 * len(ranks))(*ranks),
            len(ranks),
            (_Input * len(inputs))(*inputs),
            len(inputs),
            (_StreamingInput * len(streams))(*streams),
            len(streams),
            (_Output * len(outputs))(*outputs),
            len(outputs),
            _RUNNING(lambda: report(kind="running")),
            _DONE(lambda status: report(kind="done", status=status)),
            None,
        )

    def _call_python(self, name, *arguments):
        """A function that returns an object: false for success, an exception, or a status."""
        function = getattr(self._lib, name)
        function.restype = ctypes.py_object
        result = function(ctypes.byref(self._app), *arguments)
        if isinstance(result, BaseException):
            raise result
        if result:
            raise LibraryError("its %s function returned %.200r" % (name, result))

    def _call(self, name, *arguments):
        status = getattr(self._lib, name)(ctypes.byref(self._app), *arguments)
        if status != 0:
            raise LibraryError("its %s function returned %d" % (name, status))

    def init(self):
        if hasattr(self._lib, "init2"):
            self._call_python("init2", ctypes.py_object(dict(self._start["values"])))
            return
        pair = ctypes.c_char_p * 2
        pairs = [pair(name.encode("utf-8"), value.encode("utf-8")) for name, value in self._start["params"]]
        self._params = pairs, (ctypes.POINTER(ctypes.c_char_p) * (len(pairs) + 1))(
            *[ctypes.cast(one, ctypes.POINTER(ctypes.c_char_p)) for one in pairs]
        )
        self._call("init", self._params[1])

    def run(self):
        if hasattr(self._lib, "run2"):
            self._call_python("run2")
        else:
            self._call("run")

    def data_written(self, uid, data):
        function = self._lib.data_written
        function.restype = None
        function(ctypes.byref(self._app), uid.encode("utf-8"), ctypes.c_char_p(data), ctypes.c_size_t(len(data)))

    def drop_completed(self, uid, status):
        function = self._lib.drop_completed
        function.restype = None
        function(ctypes.byref(self._app), uid.encode("utf-8"), ctypes.c_int(status))


def _serve():
    library = None
    reader = FrameReader(0, has_list=False)
    while True:
        frame = reader.read()
        if frame is None:
            return
        message, payload = frame
        if message["kind"] == "start":
            library = Library(message)
            library.init()
            if library.is_streaming:
                report(kind="ready")
                continue
            report(kind="running")
            library.run()
            report(kind="done", status=_FINISHED)
            return
        if message["kind"] == "data":
            library.data_written(message["uid"], payload[0])
            report(kind="taken", bytes=len(payload[0]))
        elif message["kind"] == "completed":
            library.drop_completed(message["uid"], message["status"])


def main():
    try:
        _serve()
    except LibraryError as error:
        report(kind="failed", message=str(error))
    except OSError as error:
        report(kind="failed", message=str(error))
    except BaseException as error:
        import traceback

        traceback.print_exc()
        report(kind="failed", message="it raised %s: %s" % (type(error).__name__, error))
    else:
        os._exit(0)
    os._exit(1)

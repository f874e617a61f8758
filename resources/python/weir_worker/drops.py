"""What the Host may ask of a kept object: a data drop of a user's class, or an application that is fed while it waits."""

import json

_OPEN_WRITE, _OPEN_READ = 0, 1
_COMPLETED = 2
_NOT_RUN, _RUNNING = 0, 1
_REPRODUCE = "generate_reproduce_data"
_RECOMPUTE = "generate_recompute_data"


class NotSupported(Exception):
    """The class does not do what is asked of it."""


def _construct(found, header):
    try:
        return found(header["oid"], header["uid"], **header.get("kwargs", {}))
    except BaseException as error:
        error.weir_stage = "construct"
        raise


def overrides(instance, name):
    """Whether a class of the user's (not DALiuGE's, not ours) defines `name`."""
    for kind in type(instance).__mro__:
        if name in vars(kind):
            return kind.__module__.partition(".")[0] not in ("dlg", "weir_worker", "builtins")
    return False


def own_record(instance, name):
    """The reproducibility data a user's class makes itself, as JSON text; None where it leaves that to its base."""
    if not overrides(instance, name):
        return None
    data = getattr(instance, name)()
    if not isinstance(data, dict):
        data = {"data": data}
    try:
        return json.dumps(data, default=repr, allow_nan=False)
    except (TypeError, ValueError):
        return json.dumps({"repr": repr(data)})


class _OwnReader:
    """Reading through `open`, `read` and `close` of a class that has its own, as whoever reads on DALiuGE does."""

    def __init__(self, drop):
        self._drop = drop
        self._descriptor = drop.open()

    def read(self, count):
        return self._drop.read(self._descriptor, count)

    def close(self):
        self._drop.close(self._descriptor)


class _OwnWriter:
    """Writing through `write` of a class that has its own; what that hands on goes to `getIO()`."""

    def __init__(self, drop):
        self._drop = drop

    def write(self, data):
        written = self._drop.write(data)
        if isinstance(written, int) and written < 0:
            raise ValueError("write() of class '%s' returned %d" % (type(self._drop).__name__, written))
        return len(data)  # what was taken; how much of it is stored is for the class to say

    def close(self):
        close = getattr(self._drop, "_closeWriters", None)
        if close is not None:
            close()


class KeptData:
    """A data drop. The Host keeps its state, size, checksum and readers; the storage is that of `getIO()`."""

    def __init__(self, found, header):
        if not callable(getattr(found, "getIO", None)):
            raise NotSupported("class '%s' has no getIO method: it is no data drop" % header["cls"])
        self._drop = _construct(found, header)
        self._ios = {}
        self._next = 1
        self._reads_itself = any(overrides(self._drop, name) for name in ("open", "read", "close"))
        self._writes_itself = overrides(self._drop, "write")

    def do(self, operation, header, data):
        return getattr(self, "_" + operation)(header, data)

    def about(self):
        """What the Host wants to know without asking each time. A class may be unable to tell before it has data."""
        return {
            "dataURL": self._told("dataURL", str),
            "path": self._told("path", str) if hasattr(type(self._drop), "path") or "path" in vars(self._drop) else None,
            "buftype": self._told("buftype", str),
        }

    def _told(self, name, kind):
        try:
            value = getattr(self._drop, name, None)
        except Exception:
            return None
        return value if isinstance(value, kind) else None

    def _io(self):
        io = self._drop.getIO()
        if io is None:
            raise NotSupported("getIO() of class '%s' returned None instead of a DataIO" % type(self._drop).__name__)
        return io

    # --- storage -----------------------------------------------------------------------------------------------------

    def _open(self, header, _):
        if header["read"] and self._reads_itself:
            self._note_completed()
            io = _OwnReader(self._drop)
        elif self._writes_itself and not header["read"]:
            io = _OwnWriter(self._drop)
        else:
            io = self._io()
            io.open(_OPEN_READ if header["read"] else _OPEN_WRITE)
        number = self._next
        self._next += 1
        self._ios[number] = io
        return number, None

    def _read(self, header, _):
        data = self._ios[header["io"]].read(header["count"])
        if data is None:
            return None, None
        if isinstance(data, str):
            data = data.encode("utf-8")
        if not isinstance(data, (bytes, bytearray, memoryview)):
            raise TypeError("read() returned a %s; bytes were expected" % type(data).__name__)
        return len(data), bytes(data)

    def _write(self, header, data):
        text = header.get("text") and self._told("buftype", str) == "str"
        written = self._ios[header["io"]].write(data.decode("utf-8") if text else data)
        return (written if isinstance(written, int) and not isinstance(written, bool) else len(data)), None

    def _close(self, header, _):
        io = self._ios.pop(header["io"], None)
        if io is not None:
            io.close()
        return None, None

    def _size(self, header, _):
        size = self._io().size()
        return (size if isinstance(size, int) else -1), None

    def _exists(self, header, _):
        return bool(self._drop.exists()), None

    def _delete(self, header, _):
        self._drop.delete()
        return None, None

    # --- state -------------------------------------------------------------------------------------------------------

    def _complete(self, header, _):
        """The last write was closed: the class may finish its storage, and tells what it knows of the data now."""
        is_own = overrides(self._drop, "setCompleted")
        if is_own:
            self._drop.setCompleted()
        else:
            self._note_completed()
        found = self.about()
        found["size"] = self._size_now() if is_own or self._writes_itself or header.get("size") else None
        found["reproduce"] = own_record(self._drop, _REPRODUCE)
        return found, None

    def _note_completed(self):
        try:
            self._drop.status = _COMPLETED
        except Exception:
            pass  # a class may keep its status for itself; nothing here depends on it

    def _size_now(self):
        try:
            size = self._io().size()
        except Exception:
            return None  # not every storage can tell
        return size if isinstance(size, int) and size >= 0 else None


class KeptApp:
    """An application that gets data while it is written (`dataWritten`, `dropCompleted`) and says when it is finished."""

    def __init__(self, found, header, link, link_drops):
        self._app = _construct(found, header)
        self._uid = header["uid"]
        self._link = link
        self._is_over = False
        link_drops(self._app, header, link)
        # Both spellings of DALiuGE; on the object, so that they hold whatever its base classes do.
        self._app._notifyAppIsFinished = self._finished
        self._app.notifyAppisFinished = self._finished

    def do(self, operation, header, data):
        getattr(self, "_" + operation)(header, data)
        return {"exec": self._exec(), "recompute": own_record(self._app, _RECOMPUTE)}, None

    def about(self):
        return {}

    def _exec(self):
        status = getattr(self._app, "execStatus", _NOT_RUN)
        return status if isinstance(status, int) else _NOT_RUN

    def _finished(self):
        if self._is_over:
            return
        self._is_over = True
        record = own_record(self._app, _RECOMPUTE)
        self._link.ask("finished", self._uid, exec=self._exec(), recompute=record)

    def _written(self, header, data):
        self._app.dataWritten(header["drop"], data)

    def _completed(self, header, _):
        self._app.dropCompleted(header["drop"], header["state"])

    def _cancel(self, header, _):
        if overrides(self._app, "cancel"):
            self._app.cancel()

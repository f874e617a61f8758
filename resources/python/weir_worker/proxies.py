"""Stand-ins for the drops around a user's application: every access is a question to the Host."""

import os


_LARGEST_PIECE = 32 << 20  # what the Host gives and takes at once
_EVERYTHING = 1 << 62
_OPEN_WRITE, _OPEN_READ = 0, 1


class RemoteDrop:
    """A data drop that lives in the Host (or beyond it). The members are those of DALiuGE's DataDROP.

    Descriptors are positions kept here, so that several readers of one drop do not disturb one another.
    """

    def __init__(self, spec, link):
        self._spec = spec
        self._link = link
        self._open = {}
        self._next_descriptor = 1
        self.oid = spec["oid"]
        self.uid = spec["uid"]
        self.name = spec.get("name", spec["oid"])
        self.node = spec.get("node")
        self.dataIsland = spec.get("island")
        self.parameters = dict(spec.get("parameters") or {})

    def claim(self, storage):
        """Lets isinstance() take this for a drop of the class `storage`."""
        self.__dict__["_storage"] = storage

    @property
    def __class__(self):
        return self.__dict__.get("_storage") or type(self)

    # --- reading ---------------------------------------------------------------------------------------------------

    def open(self, **_):
        self._link.ask("open", self.uid)
        descriptor = self._next_descriptor
        self._next_descriptor += 1
        self._open[descriptor] = 0
        return descriptor

    def read(self, descriptor, count=65536, **_):
        """`count` bytes, or what is left; all that is left where it is negative or None."""
        at = self._position(descriptor)
        parts, wanted = [], _EVERYTHING if count is None or count < 0 else count
        while wanted > 0:
            _, data = self._link.ask("read", self.uid, offset=at, count=min(wanted, _LARGEST_PIECE))
            if not data:
                break
            parts.append(data)
            at += len(data)
            wanted -= len(data)
        self._open[descriptor] = at
        return b"".join(parts)

    def close(self, descriptor, **_):
        self._position(descriptor)
        del self._open[descriptor]
        self._link.ask("close", self.uid)

    def _position(self, descriptor):
        if descriptor is None:
            raise ValueError("a descriptor from open() was expected, not None")
        if descriptor not in self._open:
            raise Exception("%r is no open descriptor of drop '%s'" % (descriptor, self.uid))
        return self._open[descriptor]

    def isBeingRead(self):
        return bool(self._open)

    def getIO(self):
        """The content as a storage that is opened and closed, as DALiuGE's own loaders want it."""
        return RemoteIO(self)

    # --- writing ---------------------------------------------------------------------------------------------------

    def write(self, data, **_):
        """Appends; the number of bytes written, or -1, -2, -3 as in DALiuGE."""
        if isinstance(data, str):
            data = data.encode("utf-8")
        if not isinstance(data, (bytes, bytearray, memoryview)):
            return -3
        data, total = memoryview(data), 0
        if data.ndim != 1 or data.itemsize != 1 or not data.contiguous:
            data = memoryview(data.tobytes())
        for at in range(0, max(len(data), 1), _LARGEST_PIECE):
            written, _ = self._link.ask("write", self.uid, data=bytes(data[at : at + _LARGEST_PIECE]))
            if written < 0:
                return written
            total += written
        return total

    def setCompleted(self):
        self._link.ask("setCompleted", self.uid)

    def setError(self):
        self._link.ask("setError", self.uid)

    def skip(self):
        self._link.ask("skip", self.uid)

    def cancel(self):
        self._link.ask("cancel", self.uid)

    def delete(self):
        self._link.ask("delete", self.uid)

    def exists(self):
        return self._attribute("exists")

    # --- attributes ------------------------------------------------------------------------------------------------

    def _attribute(self, name):
        value, _ = self._link.ask("get", self.uid, name=name)
        return value

    @property
    def status(self):
        return self._attribute("status")

    @property
    def phase(self):
        return self._attribute("phase")

    @property
    def size(self):
        return self._attribute("size")

    @property
    def checksum(self):
        return self._attribute("checksum")

    @property
    def checksumType(self):
        return self._attribute("checksumType")

    @property
    def dataURL(self):
        return self._attribute("dataURL")

    @property
    def buftype(self):
        return self._attribute("buftype")

    def isCompleted(self):
        return self.status == 2

    def __getattr__(self, name):
        # Only drops with a place on disk have `path`, so that hasattr(drop, "path") tells the truth.
        if name == "path" and self.__dict__.get("_spec", {}).get("hasPath"):
            return self._attribute("path")
        if name in ("dirname", "filename") and self.__dict__.get("_spec", {}).get("hasPath"):
            path = self._attribute("path")
            return os.path.dirname(path) if name == "dirname" else os.path.basename(path)
        if not name.startswith("_") and name in self.__dict__.get("parameters", {}):
            return self.__dict__["parameters"][name]
        raise AttributeError("drop '%s' has no '%s'" % (self.__dict__.get("uid"), name))

    def __repr__(self):
        return "<%s %s of the Host>" % (type(self).__name__, self.uid)


class RemoteIO:
    """A drop of the Host with the members of DALiuGE's DataIO. What is written counts as written to the drop."""

    def __init__(self, drop):
        self._drop = drop
        self._mode = None
        self._descriptor = None

    def open(self, mode, **_):
        if mode == _OPEN_READ:
            self._descriptor = self._drop.open()
        self._mode = mode

    def isOpened(self):
        return self._mode is not None

    def read(self, count=65536, **_):
        self._expect(_OPEN_READ, "read")
        return self._drop.read(self._descriptor, count)

    def write(self, data, **_):
        self._expect(_OPEN_WRITE, "written")
        return self._drop.write(data)

    def buffer(self):
        """All that is left."""
        data = self.read(-1)
        return data.decode("utf-8") if self._drop.buftype == "str" else data

    def close(self, **_):
        if self._mode == _OPEN_READ:
            self._drop.close(self._descriptor)
        self._mode = None

    def size(self, **_):
        size = self._drop.size
        return -1 if size is None else size

    def exists(self):
        return self._drop.exists()

    def delete(self):
        self._drop.delete()

    def _expect(self, mode, what):
        if self._mode != mode:
            found = "closed" if self._mode is None else "opened the other way"
            raise ValueError("drop '%s' is %s and cannot be %s" % (self._drop.uid, found, what))

"""Stand-ins for the drops around a user's application: every access is a question to the Host."""

import os


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

    # --- reading ---------------------------------------------------------------------------------------------------

    def open(self, **_):
        self._link.ask("open", self.uid)
        descriptor = self._next_descriptor
        self._next_descriptor += 1
        self._open[descriptor] = 0
        return descriptor

    def read(self, descriptor, count=65536, **_):
        at = self._position(descriptor)
        _, data = self._link.ask("read", self.uid, offset=at, count=count)
        data = data or b""
        self._open[descriptor] = at + len(data)
        return data

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

    # --- writing ---------------------------------------------------------------------------------------------------

    def write(self, data, **_):
        """Appends; the number of bytes written, or -1, -2, -3 as in DALiuGE."""
        if isinstance(data, str):
            data = data.encode("utf-8")
        if not isinstance(data, (bytes, bytearray, memoryview)):
            return -3
        written, _ = self._link.ask("write", self.uid, data=bytes(data))
        return written

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

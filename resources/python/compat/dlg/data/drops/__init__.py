"""Storage classes. Derived from, they keep data in their own process; those an application is linked to are proxies of
drops of the Host and derive from the same classes, so that isinstance tells files from memory."""

import io
import os

from weir_worker.proxies import RemoteDrop

from dlg.data.io import ErrorIO, FileIO, MemoryIO, NullIO
from dlg.drop import AbstractDROP, ContainerDROP as _ContainerBase, DataDROP, PathBasedDrop

__all__ = [
    "AbstractDROP",
    "ContainerDROP",
    "DataDROP",
    "DirectoryDROP",
    "EndDROP",
    "FileDROP",
    "InMemoryDROP",
    "JsonDROP",
    "NgasDROP",
    "NullDROP",
    "ParameterSetDROP",
    "PathBasedDrop",
    "RDBMSDrop",
    "S3DROP",
    "SharedMemoryDROP",
]


class FileDROP(DataDROP, PathBasedDrop):
    """A file below the session's directory: at `filepath`, else named like the drop."""

    @property
    def path(self):
        if "_own_path" not in self.__dict__:
            given = os.path.expandvars(str(self.parameters.get("filepath") or ""))
            directory = os.path.expandvars(str(self.parameters.get("dirname") or ""))
            if not given or given.endswith(os.sep):
                given += self.humanKey.replace(os.sep, "_")
            self.__dict__["_own_path"] = os.path.abspath(os.path.join(directory, given))
        return self.__dict__["_own_path"]

    @property
    def dirname(self):
        return os.path.dirname(self.path)

    @property
    def filename(self):
        return os.path.basename(self.path)

    def getIO(self):
        os.makedirs(os.path.dirname(self.path), exist_ok=True)
        return FileIO(self.path)

    @property
    def dataURL(self):
        return "file://localhost" + self.path


class JsonDROP(FileDROP):
    """A file whose content is JSON, looked up by key."""

    def __getitem__(self, key):
        import json

        from dlg.droputils import allDropContents

        if "_parsed" not in self.__dict__:
            self.__dict__["_parsed"] = json.loads(allDropContents(self))
        return self.__dict__["_parsed"][key]


class DirectoryDROP(FileDROP):
    def getIO(self):
        return ErrorIO()

    def exists(self):
        return os.path.isdir(self.path)


class InMemoryDROP(DataDROP):
    """Bytes (or, with `pydata` of type str, text) in the memory of this process."""

    def _buffer(self):
        if "_buf" not in self.__dict__:
            given = self.parameters.get("pydata")
            if isinstance(given, dict):
                given = given.get("value")
            is_text = isinstance(given, str) and given != ""
            self.__dict__["_buf"] = io.StringIO(given) if is_text else io.BytesIO(given or b"")
        return self.__dict__["_buf"]

    def getIO(self):
        return MemoryIO(self._buffer())

    @property
    def dataURL(self):
        return "mem://localhost/%d/%d" % (os.getpid(), id(self._buffer()))

    @property
    def buftype(self):
        return "str" if isinstance(self._buffer(), io.StringIO) else "bytes"


class PythonObjectDROP(InMemoryDROP):
    pass


class SharedMemoryDROP(InMemoryDROP):
    pass


class ParameterSetDROP(InMemoryDROP):
    pass


class NullDROP(DataDROP):
    def getIO(self):
        return NullIO()

    @property
    def dataURL(self):
        return "null://"


class EndDROP(NullDROP):
    pass


class NgasDROP(DataDROP):
    pass


class S3DROP(DataDROP):
    pass


class RDBMSDrop(DataDROP):
    pass


class ContainerDROP(_ContainerBase, DataDROP):
    pass


class _Proxy(RemoteDrop):
    """What proxies of every kind have: the ids the Host gave, members that ask the Host."""

    def __init__(self, spec, link):
        self.__dict__["_oid"], self.__dict__["_uid"] = spec["oid"], spec["uid"]
        RemoteDrop.__init__(self, spec, link)

    oid = property(lambda self: self._oid, lambda self, value: None)
    uid = property(lambda self: self._uid, lambda self, value: None)


class _PathProxy(_Proxy):
    path = property(lambda self: self._attribute("path"))
    dirname = property(lambda self: os.path.dirname(self.path))
    filename = property(lambda self: os.path.basename(self.path))


class RemoteDataDROP(_Proxy, DataDROP):
    """A drop of the Host of any storage."""


_proxies = {}


def proxy_class(known):
    """The proxy class for drops of storage class `known`."""
    if known is DataDROP:
        return RemoteDataDROP
    made = _proxies.get(known)
    if made is None:
        base = _PathProxy if issubclass(known, PathBasedDrop) else _Proxy
        made = _proxies[known] = type(known.__name__, (base, known), {"__module__": __name__})
    return made

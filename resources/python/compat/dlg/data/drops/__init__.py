"""The storage classes user code names. Instances are proxies of drops that live in the Host."""

from weir_worker.proxies import RemoteDrop

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


class RemoteDataDROP(RemoteDrop, DataDROP):
    """A drop of the Host of any storage."""

    def __init__(self, spec, link):
        self.__dict__["_oid"], self.__dict__["_uid"] = spec["oid"], spec["uid"]
        RemoteDrop.__init__(self, spec, link)

    oid = property(lambda self: self._oid, lambda self, value: None)
    uid = property(lambda self: self._uid, lambda self, value: None)


class FileDROP(RemoteDataDROP, PathBasedDrop):
    pass


class JsonDROP(FileDROP):
    """A file whose content is JSON, looked up by key."""

    def __getitem__(self, key):
        import json

        from dlg.droputils import allDropContents

        if "_parsed" not in self.__dict__:
            self.__dict__["_parsed"] = json.loads(allDropContents(self))
        return self.__dict__["_parsed"][key]


class DirectoryDROP(RemoteDataDROP, PathBasedDrop):
    pass


class InMemoryDROP(RemoteDataDROP):
    pass


class PythonObjectDROP(InMemoryDROP):
    pass


class SharedMemoryDROP(RemoteDataDROP):
    pass


class ParameterSetDROP(RemoteDataDROP):
    pass


class NullDROP(RemoteDataDROP):
    pass


class EndDROP(NullDROP):
    pass


class NgasDROP(RemoteDataDROP):
    pass


class S3DROP(RemoteDataDROP):
    pass


class RDBMSDrop(RemoteDataDROP):
    pass


class ContainerDROP(RemoteDataDROP, _ContainerBase):
    pass

"""The bases of drop classes."""

import logging
import os

from .data.io import OpenMode
from .ddap_protocol import AppDROPStates, DROPPhases, DROPStates, ExecutionMode
from .exceptions import InvalidDropException, OutputDROPCancelled
from .meta import declared_parameters

_ROOT = "$DLG_ROOT"


class AbstractDROP:
    """A drop as a user's class sees it: ids, parameters, environment. Subclasses may define `initialize(**kwargs)`."""

    def __init__(self, oid, uid, **kwargs):
        self._oid, self._uid = str(oid), str(uid)
        arguments = kwargs.get("applicationArgs") or {}
        for name, parameter in declared_parameters(type(self)).items():
            given = parameter.default
            if name in kwargs:
                given = kwargs[name]
            elif isinstance(arguments.get(name), dict) and arguments[name].get("value") is not None:
                given = arguments[name]["value"]
            setattr(self, name, parameter.value_from(given))
        self.name = kwargs.get("name") or self._oid
        self.node = kwargs.get("node")
        self.dataIsland = kwargs.get("island")
        self.lg_key = kwargs.get("lg_key", "")
        self.humanKey = kwargs.get("humanReadableKey", self._uid)
        self.dlg_session_id = self._dlg_session_id = kwargs.get("dlg_session_id", "")
        self.executionMode = kwargs.get("executionMode", ExecutionMode.DROP)
        self.phase = DROPPhases.PLASMA
        self.status = DROPStates.INITIALIZED
        self.parameters = dict(kwargs)
        self.logger = logging.getLogger("dlg.%s.%s" % (type(self).__name__, self._uid))
        self.autofill_environment_variables()
        self.initialize(**kwargs)

    def initialize(self, **kwargs):
        """For subclasses."""

    def _popArg(self, kwargs, key, default):
        """The argument `key`, which is then no longer among `kwargs`; from the graph's `applicationArgs` where it is there."""
        given = kwargs.pop(key, None)
        described = (self.parameters.get("applicationArgs") or {}).get(key)
        if given is None and isinstance(described, dict):
            given = described.get("value")
        return default if given is None else given

    _getArg = _popArg

    @property
    def oid(self):
        return self._oid

    @property
    def uid(self):
        return self._uid

    def autofill_environment_variables(self):
        for name, value in self.parameters.items():
            if isinstance(value, str) and value.startswith("$DLG_"):
                self.parameters[name] = self.get_environment_variable(value)

    def get_environment_variable(self, key):
        """The value behind `$NAME`; the text itself when it names nothing."""
        if len(key) < 2 or not key.startswith("$"):
            return key
        if key == _ROOT:
            return os.environ.get("DLG_ROOT", os.path.join(os.path.expanduser("~"), "dlg"))
        return os.environ.get(key[1:], key)

    def get_environment_variables(self, keys):
        return [self.get_environment_variable(key) for key in keys]

    def handleInterest(self, drop):
        """Nothing by default."""

    def generate_reproduce_data(self):
        return {}

    def generate_recompute_data(self):
        return {"status": self.status}

    def __repr__(self):
        return "<%s %s>" % (type(self).__name__, self._uid)


class DataDROP(AbstractDROP):
    """Base of data drops: a subclass defines `getIO()` and `dataURL`.

    In a graph the Host keeps state, size and checksum and comes here for the storage only. Made by hand, as tests of a
    class do, a drop keeps them itself.
    """

    def getIO(self):
        raise NotImplementedError("class %s defines no getIO()" % type(self).__name__)

    @property
    def dataURL(self):
        raise NotImplementedError("class %s defines no dataURL" % type(self).__name__)

    @property
    def buftype(self):
        return None

    def isCompleted(self):
        return self.status == DROPStates.COMPLETED

    def open(self, **kwargs):
        if self.status != DROPStates.COMPLETED:
            raise Exception("drop %s is not COMPLETED and cannot be opened" % self._uid)
        opened = self.getIO()
        opened.open(OpenMode.OPEN_READ, **kwargs)
        readers = self.__dict__.setdefault("_readers", {})
        descriptor = len(readers) + 1
        while descriptor in readers:
            descriptor += 1
        readers[descriptor] = opened
        return descriptor

    def read(self, descriptor, count=65536, **kwargs):
        return self._reader(descriptor).read(count, **kwargs)

    def close(self, descriptor, **kwargs):
        self._reader(descriptor).close(**kwargs)
        del self._readers[descriptor]

    def _reader(self, descriptor):
        if descriptor is None:
            raise ValueError("a descriptor from open() was expected, not None")
        if descriptor not in self.__dict__.get("_readers", ()):
            raise Exception("%r is no open descriptor of drop %s" % (descriptor, self._uid))
        return self._readers[descriptor]

    def isBeingRead(self):
        return bool(self.__dict__.get("_readers"))

    def write(self, data, **kwargs):
        """Appends; the number of bytes written, or -1, -2, -3 as in DALiuGE."""
        if self.status == DROPStates.CANCELLED:
            return -1
        if self.status not in (DROPStates.INITIALIZED, DROPStates.WRITING):
            return -2
        if not isinstance(data, (bytes, bytearray, memoryview, str)):
            return -3
        if self.__dict__.get("_writer") is None:
            self._writer = self.getIO()
            self._writer.open(OpenMode.OPEN_WRITE)
        written = self._writer.write(data, **kwargs)
        self._written = self.__dict__.get("_written", 0) + written
        self.status = DROPStates.WRITING
        return written

    @property
    def size(self):
        return self.__dict__.get("_written")

    def _closeWriters(self):
        if self.__dict__.get("_writer") is not None:
            self._writer.close()
            self._writer = None

    def setCompleted(self):
        self._closeWriters()
        self.status = DROPStates.COMPLETED

    def setError(self):
        self.status = DROPStates.ERROR

    def exists(self):
        return self.getIO().exists()

    def delete(self):
        self.getIO().delete()


class PathBasedDrop:
    """Marks drops with a place on disk."""


class ContainerDROP(DataDROP):
    """A drop made of other drops: it has no content of its own."""

    @property
    def children(self):
        return self.__dict__.setdefault("_children", [])

    def addChild(self, child):
        self.children.append(child)


class AppDROP(ContainerDROP):
    """An application: ordered maps of inputs and outputs by uid, and their lists."""

    def __init__(self, oid, uid, **kwargs):
        self._inputs, self._outputs, self._streamingInputs = {}, {}, {}
        self.execStatus = AppDROPStates.NOT_RUN
        super().__init__(oid, uid, **kwargs)

    @property
    def inputs(self):
        return list(self._inputs.values())

    @property
    def outputs(self):
        return list(self._outputs.values())

    @property
    def streamingInputs(self):
        return list(self._streamingInputs.values())

    def _run(self):
        """Sets attributes named like ports: to the value of an input where the class has such an attribute, else to the drop."""
        from dlg.drop_loaders import load_dill

        for name, drops in self._named("inputs", self._inputs).items():
            there = [drop for drop in drops if drop.status == DROPStates.COMPLETED and drop.dataURL != "null://"]
            if there:
                setattr(self, name, load_dill(there[0]) if hasattr(self, name) else there[0])
        for name, drops in self._named("outputs", self._outputs).items():
            if len(drops) == 1:
                setattr(self, name, drops[0])

    def _named(self, key, linked):
        found = {}
        for port in self.parameters.get(key) or ():
            for uid, name in port.items() if isinstance(port, dict) else ():
                if uid in linked:
                    found.setdefault(name, []).append(linked[uid])
        return found

    def handleEvent(self, event):
        if event.type == "dropCompleted":
            self.dropCompleted(event.uid, event.status)

    def dropCompleted(self, uid, drop_state):
        """An input is over. Nothing by default."""

    def dataWritten(self, uid, data):
        """A streaming input got this data. Nothing by default."""

    def _notifyAppIsFinished(self):
        """Says that the application is over, as its `execStatus` tells. The Host puts its own in this place."""
        failed = self.execStatus == AppDROPStates.ERROR
        self.status = DROPStates.ERROR if failed else DROPStates.COMPLETED

    def notifyAppisFinished(self):
        self._notifyAppIsFinished()

    def cancel(self):
        self.execStatus = AppDROPStates.CANCELLED

    def exists(self):
        return True

    def _write(self, output, data):
        """Writes to an output; a cancelled one is an exception."""
        written = output.write(data)
        if written == -1:
            raise OutputDROPCancelled(output, "it was cancelled before it was written")
        return written


class InputFiredAppDROP(AppDROP):
    """An application that runs when its inputs are there: the Host decides when."""

    def initialize(self, **kwargs):
        super().initialize(**kwargs)
        threshold = int(kwargs.get("input_error_threshold") or 0)
        if not 0 <= threshold <= 100:
            raise InvalidDropException(self, "input_error_threshold must be between 0 and 100, not %d" % threshold)
        self.input_error_threshold = threshold
        self.n_effective_inputs = int(kwargs.get("n_effective_inputs", -1))
        self.n_tries = int(kwargs.get("n_tries") or 1)

    def run(self):
        raise NotImplementedError("class %s defines no run()" % type(self).__name__)


class BarrierAppDROP(InputFiredAppDROP):
    """An application that waits for all its inputs."""


class BranchAppDrop(BarrierAppDROP):
    """An application with two outputs: after `run()`, the one that `condition()` does not take is skipped."""

    def run(self):
        """Nothing by default: the condition is what matters."""

    def condition(self):
        raise NotImplementedError("class %s defines no condition()" % type(self).__name__)


def track_current_drop(method):
    """A decorator of DALiuGE, which notes whose log lines follow. The Host knows that anyway."""
    return method


def __getattr__(name):
    # Before release 3 the storage classes were here; older modules look for them.
    if name.endswith(("DROP", "Drop")):
        from .data import drops

        if hasattr(drops, name):
            return getattr(drops, name)
    raise AttributeError("module 'dlg.drop' has no attribute %r" % name)


def remote_drop_class(dotted):
    """The proxy class for a drop of class `dotted`, so that isinstance tells files from memory."""
    from .data import drops

    known = getattr(drops, dotted.rpartition(".")[2], None)
    is_storage = isinstance(known, type) and issubclass(known, DataDROP)
    return drops.proxy_class(known if is_storage else DataDROP)

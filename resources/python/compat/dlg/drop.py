"""The bases of drop classes."""

import os

from weir_worker.proxies import RemoteDrop

from .ddap_protocol import AppDROPStates, DROPPhases, DROPStates, ExecutionMode
from .exceptions import InvalidDropException
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
        self.autofill_environment_variables()
        self.initialize(**kwargs)

    def initialize(self, **kwargs):
        """For subclasses."""

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
    """Base of data drops. Those an application meets in the worker are proxies of drops of the Host."""


class PathBasedDrop:
    """Marks drops with a place on disk."""


class ContainerDROP(DataDROP):
    pass


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

    def dropCompleted(self, uid, drop_state):
        """Nothing by default."""

    def dataWritten(self, uid, data):
        """Nothing by default."""


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


def remote_drop_class(dotted):
    """The proxy class for a drop of class `dotted`, so that isinstance tells files from memory."""
    from .data import drops

    known = getattr(drops, dotted.rpartition(".")[2], None)
    return known if isinstance(known, type) and issubclass(known, RemoteDrop) else drops.RemoteDataDROP

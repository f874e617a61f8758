"""Running a user's own drop class: an application with `run()`, its inputs and outputs being proxies."""

import importlib
import inspect

from . import calls, drops, failures, functions
from .proxies import RemoteDrop

_RUNNING = 1


def load_class(dotted):
    """The class behind a dropclass path; BadModule when there is none."""
    module, _, name = dotted.rpartition(".")
    if not module:
        raise functions.BadModule("'%s' is no path of a class (module.Class)" % dotted)
    functions._forget_if_changed(module)
    try:
        found = getattr(importlib.import_module(module), name, None)
    except BaseException as error:
        raise functions.BadModule("Error when loading module %s: %s: %s" % (module, type(error).__name__, error)) from error
    functions._note_times([module])
    if not inspect.isclass(found):
        raise functions.BadModule("module '%s' has no class '%s'" % (module, name))
    return found


def describe_class(dotted):
    """What a drop class declares: its parameters, and whether it is an application or data."""
    found = load_class(dotted)
    parameters = []
    for name in dir(found):
        declared = getattr(found, name, None)
        kind = getattr(declared, "dlg_kind", None)
        if isinstance(kind, str):
            parameters.append({"name": name, "kind": kind, "description": str(getattr(declared, "description", ""))})
    kind = kind_of(found)
    return {
        "name": found.__name__,
        "module": found.__module__,
        "isApp": kind != "data" and kind != "none",
        "isStreaming": kind == "streaming",
        "isData": kind == "data",
        "parameters": parameters,
        "sourceSha256": functions._source_hash(found, None),
        "packages": functions.packages_of(found),
        "doc": (inspect.getdoc(found) or "")[:4000],
    }


def kind_of(found):
    """input-fired (has `run`), streaming (fed while data is written), data (has `getIO`), or none of these.

    By the names of its bases: they may be ours or those of an installed DALiuGE.
    """
    bases = [kind.__name__ for kind in found.__mro__]
    if "InputFiredAppDROP" in bases:
        return "input-fired"
    if "AppDROP" in bases:
        return "streaming"
    if callable(getattr(found, "run", None)):
        return "input-fired"
    return "data" if callable(getattr(found, "getIO", None)) else "none"


def run_app(header, link):
    """Makes the application, links its drops, runs it; (answer header, attachments)."""
    stage = "load"
    try:
        calls.enter(header)
        found = load_class(header["cls"])
        stage = "construct"
        app = found(header["oid"], header["uid"], **header.get("kwargs", {}))
        link_drops(app, header, link)
        stage = "run"
        run = getattr(app, "run", None)
        if not callable(run) and not _is_branch(found):
            raise functions.BadModule("class '%s' has no run method: it is no application" % header["cls"])
        _set_running(app)
        if callable(run):
            run()
        if _is_branch(found):
            _skip_other_branch(app)
        return {"ok": True, "recompute": drops.own_record(app, "generate_recompute_data")}, []
    except BaseException as error:
        return {"ok": False, "error": failures.describe(error, stage)}, []


def _set_running(app):
    try:
        app.execStatus = _RUNNING
    except Exception:
        pass  # a class may keep it for itself; the state is the Host's


def _is_branch(found):
    return any(kind.__name__ == "BranchAppDrop" for kind in found.__mro__)


def _skip_other_branch(app):
    """What DALiuGE does when the run() of a branch is over: the output its condition() does not take is skipped."""
    outputs = list(app._outputs.values())
    if len(outputs) != 2:
        raise ValueError("a branch has exactly 2 outputs, but '%s' has %d" % (app.uid, len(outputs)))
    outputs[1 if app.condition() else 0].skip()


_RELATIONS = (("_inputs", "inputs"), ("_outputs", "outputs"), ("_streamingInputs", "streamingInputs"))


def link_drops(app, header, link):
    """Gives the application proxies of the drops around it."""
    for table, key in _RELATIONS:
        linked = getattr(app, table, None)
        if linked is None:
            linked = {}
            setattr(app, table, linked)
        for spec in header.get(key, ()):
            linked[spec["uid"]] = _proxy(spec, link)


def _proxy(spec, link):
    try:
        from dlg.drop import remote_drop_class  # ours; an installed DALiuGE has no such name
    except ImportError:
        proxy = RemoteDrop(spec, link)
        proxy.claim(_storage_class(spec.get("cls") or ""))
        return proxy
    return remote_drop_class(spec.get("cls") or "")(spec, link)


def _storage_class(name):
    """The class of an installed DALiuGE for drops of the Host's class `name`; None where there is none."""
    try:
        known = importlib.import_module("dlg.data.drops")
        return getattr(known, name, None) or known.DataDROP
    except (ImportError, AttributeError):
        return None

"""Running a user's own drop class: an application with `run()`, its inputs and outputs being proxies."""

import importlib
import inspect

from . import calls, failures, functions
from .proxies import RemoteDrop


def load_class(dotted):
    """The class behind a dropclass path; BadModule when there is none."""
    module, _, name = dotted.rpartition(".")
    if not module:
        raise functions.BadModule("'%s' is no path of a class (module.Class)" % dotted)
    functions._forget_if_changed(module)
    try:
        found = getattr(importlib.import_module(module), name, None)
    except Exception as error:
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
    return {
        "name": found.__name__,
        "module": found.__module__,
        "isApp": callable(getattr(found, "run", None)),
        "parameters": parameters,
        "sourceSha256": functions._source_hash(found, None),
        "doc": (inspect.getdoc(found) or "")[:4000],
    }


def run_app(header, link):
    """Makes the application, links its drops, runs it; (answer header, attachments)."""
    stage = "load"
    try:
        calls.enter(header)
        found = load_class(header["cls"])
        stage = "construct"
        app = found(header["oid"], header["uid"], **header.get("kwargs", {}))
        _link(app, header, link)
        stage = "run"
        run = getattr(app, "run", None)
        if not callable(run):
            raise functions.BadModule("class '%s' has no run method: it is no application" % header["cls"])
        run()
        return {"ok": True, "type": "NoneType", "out": []}, []
    except BaseException as error:
        return {"ok": False, "error": failures.describe(error, stage)}, []


def _link(app, header, link):
    for table, specs in (("_inputs", header.get("inputs", ())), ("_outputs", header.get("outputs", ()))):
        drops = getattr(app, table, None)
        if drops is None:
            drops = {}
            setattr(app, table, drops)
        for spec in specs:
            drops[spec["uid"]] = _proxy(spec, link)


def _proxy(spec, link):
    try:
        from dlg.drop import remote_drop_class  # ours; an installed DALiuGE has no such name
    except ImportError:
        return RemoteDrop(spec, link)
    return remote_drop_class(spec.get("cls") or "")(spec, link)

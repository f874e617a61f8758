"""The loop: calls on standard input, everything that must not wait on descriptor 3."""

import faulthandler
import json
import os
import platform
import sys
import threading

from . import PROTOCOL_VERSION, apps, calls, capture, codec, failures, frames, functions, handles, hostlink, keeper, ops


def _claim_descriptors():
    """Keeps the protocol's descriptors for us; whatever else writes to 1 ends up on 2, which the Host reads as text."""
    incoming, outgoing = os.dup(0), os.dup(1)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    os.dup2(2, 1)
    return incoming, outgoing


def _limit_memory(limit):
    if not limit:
        return
    try:
        import resource
    except ImportError:
        return  # not on Windows
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def hello():
    return {
        "t": "hello",
        "protocol": PROTOCOL_VERSION,
        "pid": os.getpid(),
        "python": platform.python_version(),
        "implementation": platform.python_implementation(),
        "executable": sys.executable,
    }


class Worker:
    def __init__(self, options):
        incoming, outgoing = _claim_descriptors()
        self._reader = frames.FrameReader(incoming)
        self._writer = frames.FrameWriter(outgoing)
        self._sink = capture.LogSink(self._writer.write)
        capture.capture_standard_streams(self._sink)
        self._sink.follow_copies()
        self._pid = os.getpid()
        self._raw = os.dup(2)
        faulthandler.enable(file=2)
        self._settings = calls.Settings()
        self._settings.inline_max = options["inlineMax"]
        self._settings.keep_from = options["keepFrom"]
        self._settings.scratch = options["scratch"]
        self._table = handles.HandleTable(options["handleBytes"], options["handleCount"], self._spilled)
        self._previous = calls.Previous()
        self._link = hostlink.HostLink(self._reader, self._writer)
        self._control = options.get("control", True)
        functions.set_user_paths(options.get("path", []))
        functions.add_stand_in(options["compat"])
        _limit_memory(options.get("memoryLimit"))

    def run(self):
        self._writer.write(hello())
        if self._control:
            threading.Thread(target=self._serve_control, name="weir-control", daemon=True).start()
        while True:
            frame = self._reader.read()
            if frame is None:
                return
            self._handle(*frame)

    def _spilled(self, handle, files):
        self._writer.write({"t": "spill", "h": handle, "files": files})

    def _serve_control(self):
        """Answers at once, whatever the main thread is doing. The end of the pipe means the Host is gone."""
        reader = frames.FrameReader(3)
        try:
            while True:
                frame = reader.read()
                if frame is None:
                    break
                self._handle(*frame)
        finally:
            os._exit(0)

    def _handle(self, header, attachments):
        kind = header["t"]
        if kind == "release":
            self._table.release(header["h"])
            return
        if kind == "forget":
            functions.forget(header["keep"])
            return
        if kind == "withdraw":
            self._previous.withdraw(header["withdrawn"])
            return
        number = header["id"]
        if kind == "call":
            self._answer_call(number, header, attachments)
            return
        try:
            answer, parts = _REQUESTS[kind](self, header, attachments)
            answer.setdefault("ok", True)
        except BaseException as error:  # as in calls: what the user's code raises ends the request, not the worker
            answer, parts = {"ok": False, "error": failures.describe(error, "load")}, []
        answer["t"], answer["id"] = "result", number
        if kind in _PRINTING:
            self._add_log(answer)
        self._send(answer, parts, is_marked=kind != "encode")

    def _answer_call(self, number, header, attachments):
        self._sink.begin(number)
        answer, parts = calls.run_call(header, attachments, self._table, self._settings, self._previous)
        answer["t"], answer["id"] = "result", number
        self._add_log(answer)
        self._send(answer, parts)

    def _mark(self, answer):
        """Sets a mark behind what was written past the protocol, so that the Host knows to which call it belongs."""
        try:
            capture.write_all(self._raw, b"\0weir %d\n" % answer["id"])
            answer["mark"] = answer["id"]
        except OSError:
            pass  # user code closed it: nothing comes that way any more

    def _add_log(self, answer):
        if not capture.flush_standard_streams():
            capture.capture_standard_streams(self._sink)
        self._sink.finish()
        log = self._sink.take()
        if log:
            answer["log"] = log

    def _send(self, answer, parts, is_marked=True):
        if os.getpid() != self._pid:
            _end_copy(answer)
        if is_marked:
            self._mark(answer)
        try:
            self._writer.write(answer, parts)
        except (TypeError, ValueError, frames.FrameError) as error:
            described = failures.describe(error, "encode")
            instead = {"t": "result", "id": answer["id"], "ok": False, "error": described}
            if "mark" in answer:
                instead["mark"] = answer["mark"]
            self._writer.write(instead)

    # --- requests besides calls -----------------------------------------------------------------------------------

    def _info(self, header, attachments):
        calls.enter(header)
        packages = {}
        try:
            from importlib.metadata import PackageNotFoundError, version
        except ImportError:
            return {"packages": {name: None for name in header.get("packages", ())}}, []
        for name in header.get("packages", ()):
            try:
                packages[name] = version(name)
            except PackageNotFoundError:
                packages[name] = None
        real = sys.modules.get("dlg") or _find_dlg()
        found = {"packages": packages, "realDlg": bool(real), "path": sys.path, "handles": self._table.stats()}
        return found, []

    def _inspect(self, header, attachments):
        """Describes a function; all that is known of one that only executing its code makes is which code it is."""
        self._sink.begin(header["id"])
        calls.enter(header)
        name, code = header.get("name") or "", header.get("code")
        function = functions.check(name, code)
        if function is None:
            return {"identity": functions.identity(None, name, code)}, []
        return {"function": functions.describe(function, name, code)}, []

    def _load(self, header, attachments):
        """Makes a function, keeps it for the calls that name it, and describes it."""
        self._sink.begin(header["id"])
        calls.enter(header)
        name, code = header.get("name") or "", header.get("code")
        return {"function": functions.describe(functions.resolve(name, code, header["keep"]), name, code)}, []

    def _inspect_class(self, header, attachments):
        calls.enter(header)
        return {"cls": apps.describe_class(header["cls"])}, []

    def _run_app(self, header, attachments):
        self._sink.begin(header["id"])
        self._link.begin(header["id"])
        return apps.run_app(header, self._link)

    def _encode(self, header, attachments):
        scratch = header.get("scratch") or self._settings.scratch
        parts = []
        data = self._table.encoded(header["h"], header["enc"])
        return {"out": [calls.carried(data, header["enc"], parts, self._settings, scratch)]}, parts

    def _op(self, header, attachments):
        calls.enter(header)
        params = header.get("params", {})
        values = [self._operand(spec, attachments, params.get("lenient")) for spec in header["values"]]
        found = ops.run_op(header["op"], values, params)
        scratch = header.get("scratch") or self._settings.scratch
        parts, out = [], []
        for value in found:
            data = codec.encode(value, header["enc"])
            out.append(calls.carried(data, header["enc"], parts, self._settings, scratch))
        return {"out": out, "texts": [ops.text_of(value) for value in found] if header.get("texts") else []}, parts


    def _operand(self, spec, attachments, lenient):
        try:
            return calls._argument(spec, attachments, self._table)
        except codec.NeedsPackage:
            raise
        except codec.EncodingError:
            if not lenient:
                raise
            return calls._argument(dict(spec, enc="bytes"), attachments, self._table)


def _end_copy(answer):
    """Ends a copy of the worker that user code forked and that came back from it: the answer is the worker's to give."""
    capture.flush_standard_streams()
    if not answer["ok"]:
        os.write(2, answer["error"]["traceback"].encode("utf-8", "replace"))
    os._exit(0 if answer["ok"] else 1)


_PRINTING = frozenset(("inspect", "load", "run-app", "op"))
_REQUESTS = {
    "info": Worker._info,
    "inspect": Worker._inspect,
    "load": Worker._load,
    "inspect-class": Worker._inspect_class,
    "run-app": Worker._run_app,
    "encode": Worker._encode,
    "op": Worker._op,
}


def _find_dlg():
    import importlib.util

    try:
        spec = importlib.util.find_spec("dlg.drop")
    except (ImportError, ValueError):
        return False
    return spec is not None and "compat" not in (spec.origin or "")


def main():
    options = json.loads(sys.argv.pop())
    if options.get("keeper"):
        keep(options)
    else:
        Worker(options).run()


def keep(options):
    """Keeps objects of drop classes instead of running calls. The end of the pipe ends it, whatever user threads do."""
    incoming, outgoing = _claim_descriptors()
    faulthandler.enable(file=2)
    writer = frames.FrameWriter(outgoing)
    kept = keeper.Keeper(frames.FrameReader(incoming), writer, options)
    functions.add_stand_in(options["compat"])
    _limit_memory(options.get("memoryLimit"))
    writer.write(hello())
    try:
        kept.run()
    finally:
        os._exit(0)

"""Running one function: arguments in, result out, everything that can go wrong as data."""

import hashlib
import inspect
import json
import os
import time
import types

from . import codec, failures, functions
from .handles import read_back, write_scratch

DEFAULT_MARK = object()
_RECORD_LIMIT = 1 << 20  # of one argument; of all together more, but not without end


class Settings:
    """Limits the Host chose for this worker."""

    inline_max = 4 << 20  # larger contents travel as files
    keep_from = 64 << 10  # objects from this size on stay here under a handle
    scratch = "."


class Previous:
    """What the last call made, for a call that was sent along with it to follow at once."""

    def __init__(self):
        self._made = None
        self._withdrawn = set()

    def withdraw(self, call):
        """The Host does not want this call any more: it, and what follows it, is not to run. From the control thread."""
        self._withdrawn.add(call)

    def keep(self, number, value, data):
        """For the call that follows `number`. `data` are the value's bytes by encoding, where they were made."""
        self._made = (number, value, data)

    def take(self, call, number):
        """What was made for the `call` that follows `number`, once; None where that one failed or this is not wanted."""
        made, self._made = self._made, None
        if call in self._withdrawn:
            self._withdrawn.discard(call)
            return None
        return made if made is not None and made[0] == number else None


class Staged:
    """Remembers what is being done, for the error message."""

    def __init__(self):
        self.stage = "enter"


def run_call(header, attachments, table, settings, previous):
    """Runs the call and returns (answer header, attachments)."""
    staged = Staged()
    made = previous.take(header.get("id"), header.get("follows"))
    if "follows" in header and made is None:
        return {"ok": False, "notRun": True}, []
    try:
        return _run(header, attachments, table, settings, staged, made, previous)
    except BaseException as error:  # a SystemExit or KeyboardInterrupt of user code ends the call, not the worker
        return {"ok": False, "error": failures.describe(error, staged.stage)}, []


def enter(header):
    """Environment and working directory of a call. User code may have changed both."""
    for name, value in header.get("env", {}).items():
        if os.environ.get(name) != value:
            os.environ[name] = value
    directory = header.get("cwd")
    if directory:
        os.chdir(directory)
    if "path" in header:
        functions.set_user_paths(header["path"])


def _run(header, attachments, table, settings, staged, made, previous):
    enter(header)
    staged.stage = "load"
    function = functions.resolve(header.get("name"), header.get("code"), header.get("keep"))
    staged.stage = "decode"
    positional, named = _arguments(header, attachments, table, made)
    staged.stage = "bind"
    if _has_marks(positional):
        positional = _fill_marks(positional, functions.signature_of(function))
    record = _record(function, positional, named) if header.get("record") else None
    positional, named = _as_declared(function, positional, named)
    staged.stage = "run"
    started = time.perf_counter()
    value = function(*positional, **named)
    seconds = time.perf_counter() - started
    staged.stage = "encode"
    scratch = header.get("scratch") or settings.scratch
    data = {}
    answer, parts = results(value, header.get("out", ()), table, settings, scratch, header.get("digest", False), data)
    answer["seconds"] = seconds
    if record is not None:
        answer["record"] = record
    if header.get("truth"):
        answer["truth"] = bool(value)
        answer["text"] = str(value)[:200]
    if "leads" in header:
        previous.keep(header["leads"], value, data)
    return answer, parts


def _arguments(header, attachments, table, made):
    positional = [_argument(spec, attachments, table, made) for spec in header.get("args", ())]
    named = {spec["name"]: _argument(spec, attachments, table, made) for spec in header.get("kwargs", ())}
    return positional, named


def _argument(spec, attachments, table, made=None):
    kind = spec["k"]
    what = "the value for '%s'" % spec.get("name", "?")
    if kind == "json":
        return spec["v"]
    if kind == "json-text":
        return json.loads(spec["v"])
    if kind == "float":
        return float(spec["v"])
    if kind == "bytes":
        return codec.decode(attachments[spec["at"]], spec["enc"], spec.get("text", False), what)
    if kind == "file":
        with open(spec["path"], "rb") as file:
            return codec.decode(file.read(), spec["enc"], spec.get("text", False), what)
    if kind == "handle":
        return table.value(spec["h"], spec["as"], spec["enc"], spec.get("move", False))
    if kind == "previous":
        _, value, data = made
        if spec["as"] in data:
            return codec.decode(data[spec["as"]], spec["enc"], False, what)
        return read_back(value, spec["as"], spec["enc"])
    if kind == "literal":
        return _json_or_literal(spec["v"], what)
    if kind == "dill64":
        import base64

        return codec.unpickle(base64.b64decode(spec["v"]), what)
    if kind == "default":
        return DEFAULT_MARK
    raise codec.EncodingError("%s came in the unknown form '%s'" % (what, kind))


def _json_or_literal(text, what):
    try:
        return json.loads(text)
    except ValueError:
        return codec.literal(text, what)


def _has_marks(positional):
    return any(value is DEFAULT_MARK for value in positional)


def _fill_marks(positional, signature):
    """Puts the declared default where the Host left a positional-only parameter open."""
    if not _has_marks(positional):
        return positional
    parameters = list(signature.parameters.values()) if signature else []
    return [
        parameters[index].default if value is DEFAULT_MARK else value for index, value in enumerate(positional)
    ]


def _is_plain(function):
    """Whether it is a function that takes what its signature says."""
    return type(function) is types.FunctionType and not (_REDIRECTS & function.__dict__.keys())


def _as_declared(function, positional, named):
    """The same values, by position where its signature allows that, as DALiuGE gives them: what wraps a function may take none
    by name."""
    signature = None if _is_plain(function) else functions.signature_of(function)
    try:
        bound = signature.bind(*positional, **named) if signature else None
    except TypeError:
        bound = None  # the call will say it in Python's own words
    return (bound.args, bound.kwargs) if bound else (positional, named)


def _record(function, positional, named):
    """The arguments as JSON text, as DALiuGE records them for RECOMPUTE: by name, defaults included."""
    if _is_plain(function):
        values = _plain_values(function, positional, named)
    else:
        values = _signature_values(functions.signature_of(function), positional, named)
    for limit in (_RECORD_LIMIT, _RECORD_LIMIT >> 8):
        record = json.dumps({"args": {name: _recorded(value, limit) for name, value in values.items()}})
        if len(record) <= 16 * _RECORD_LIMIT:
            break
    return record


_REDIRECTS = {"__wrapped__", "__signature__"}


def _plain_values(function, positional, named):
    """What inspect.signature would say of a plain function, at a tenth of its cost."""
    code = function.__code__
    count = code.co_argcount
    names = code.co_varnames[: count + code.co_kwonlyargcount]
    values = dict(zip(names[:count], positional))
    first_default = count - len(function.__defaults__ or ())
    for index, name in enumerate(names):
        if name in values:
            continue
        if name in named:
            values[name] = named[name]
        elif index >= count:
            if name in (function.__kwdefaults__ or ()):
                values[name] = function.__kwdefaults__[name]
        elif index >= first_default:
            values[name] = function.__defaults__[index - first_default]
    ordered = {name: values[name] for name in names if name in values}
    ordered.update((name, value) for name, value in named.items() if name not in ordered)
    return ordered


def _signature_values(signature, positional, named):
    values = {}
    try:
        bound = signature.bind(*positional, **named) if signature else None
    except TypeError:
        bound = None
    if bound is None:
        return named
    bound.apply_defaults()
    for name, value in bound.arguments.items():
        kind = signature.parameters[name].kind
        if kind is inspect.Parameter.VAR_KEYWORD:
            values.update(value)
        elif kind is not inspect.Parameter.VAR_POSITIONAL:
            values[name] = value
    return values


def _recorded(value, limit):
    try:
        text = json.dumps(value)
    except (TypeError, ValueError, RecursionError):
        value = repr(value)
        text = value
    if len(text) > limit:
        return {"sha256": hashlib.sha256(text.encode("utf-8", "replace")).hexdigest(), "length": len(text)}
    return value


def results(value, outputs, table, settings, scratch, digest=False, made=None):
    """The answer header and attachments for a result: see "Results" in engine/drops/python/index.ts.

    With `digest`, contents that stay here are described by their exact size and SHA-256. Bytes that were made of the value
    and say more quickly than the value itself what was written are put into `made` by their encoding.
    """
    described, parts, kept, lazy = [], [], {}, False
    size = codec.estimate_size(value)
    large = size >= settings.keep_from
    copies = codec.copies_quickly(value)
    for encoding in outputs:
        if encoding == "raw" and not codec.is_bytes_or_text(value):
            # DALiuGE hands the value itself to the drop, which takes bytes and text and nothing else.
            described.append({"enc": encoding, "nothing": True})
            continue
        stays = large and codec.encodes_surely(value, encoding)
        if stays and copies and not digest:
            described.append({"enc": encoding, "est": size})
            kept[encoding] = None
        else:
            kept[encoding] = data = codec.encode(value, encoding, "the result")
            described.append(
                _staying(data, encoding) if stays else carried(data, encoding, parts, settings, scratch)
            )
        lazy = lazy or stays
        large = large or len(kept[encoding] or b"") >= settings.keep_from
        if made is not None and not (stays and copies):
            made[encoding] = kept[encoding]
    answer = {"ok": True, "type": type(value).__name__, "out": described}
    if kept and (lazy or large):
        # The user's code may hold on to what it returned, and change it: what is kept is what was written.
        if copies:
            answer["h"] = table.put(codec.private_copy(value), max(size, 1), kept, scratch)
        else:
            answer["h"] = table.put(None, max(1, sum(map(len, kept.values()))), kept, scratch, kept)
    return answer, parts


def _staying(data, encoding):
    return {"enc": encoding, "est": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def carried(data, encoding, parts, settings, scratch):
    """How `data` travels: in the frame, or as a file when it is large."""
    if len(data) > settings.inline_max:
        return {"enc": encoding, "file": write_scratch(scratch, data), "size": len(data)}
    parts.append(data)
    return {"enc": encoding, "at": len(parts) - 1, "size": len(data)}

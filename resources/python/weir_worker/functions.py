"""Finding the function a drop names (func_name, func_code), and describing it."""

import base64
import binascii
import builtins
import dis
import hashlib
import importlib
import inspect
import os
import re
import sys
import types

from . import codec, sources
from .sources import BadModule, SOURCE_MODULE

_BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}\Z")
_module_times = {}
_kept = {}


def resolve(name, code, keep=None):
    """The function for a drop's func_name and func_code (spec/engine.md 6.5).

    What `code` gives is made anew each time, and once only for all that come with one number `keep`, until `forget`.
    """
    if not code:
        return _from_name(_named(name))
    if keep is None:
        return _from_code(name or "", code)
    function = _kept.get(keep)
    if function is None:
        _kept[keep] = function = _from_code(name or "", code)
    return function


def forget(keep):
    """Lets go of what was made for the number `keep`."""
    _kept.pop(keep, None)


def check(name, code):
    """What `resolve` would give, without executing anything of a user's for it. None where only that tells."""
    if not code or _packed(code):
        return resolve(name, code)
    return sources.source_of(name or "", code).check(name or "")


def _named(name):
    if not name:
        raise BadModule("no function is given, neither by name nor by code")
    return name


# --- by code --------------------------------------------------------------------------------------------------------


def _from_code(name, code):
    packed = _packed(code)
    return _from_dill(name, packed) if packed else sources.source_of(name, code).execute(name)


def _packed(code):
    """The base64 text that `code` is, or None."""
    packed = "".join(code.split())
    return packed if len(packed) % 4 == 0 and len(packed) > 8 and _BASE64.match(packed) else None


def _from_dill(name, text):
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadModule("func_code of '%s' is no base64: %s" % (name, error)) from error
    try:
        function = codec.unpickle(data, "func_code of '%s'" % name)
    except codec.NeedsPackage:
        raise
    except Exception as error:
        raise BadModule(
            "func_code of '%s' cannot be read: %s. Functions written by another Python version often cannot"
            % (name, error)
        ) from error
    if not callable(function):
        raise BadModule("func_code of '%s' holds a %s, not a function" % (name, type(function).__name__))
    own = getattr(function, "__name__", None)
    last = name.split(".")[-1]
    if last and own and own != last:
        raise BadModule("func_code holds the function '%s', but func_name says '%s'" % (own, name))
    return function


# --- by name --------------------------------------------------------------------------------------------------------


def _from_name(name):
    parts = [part for part in name.strip().split(".")]
    if not all(parts):
        raise BadModule("'%s' is no name of a function" % name)
    if len(parts) > 1 and parts[-1] in ("__init__", "__class__"):
        parts.pop()
    if hasattr(builtins, parts[0]):
        return _attributes(getattr(builtins, parts[0]), parts[1:], name)
    if len(parts) == 1:
        raise BadModule(
            "'%s' is no function of Python itself; functions of modules are written module.function" % name
        )
    if user_paths:
        _forget_if_changed(name)
    found = _import(parts[0], name)
    for depth, part in enumerate(parts[1:], start=1):
        if not hasattr(found, part) and inspect.ismodule(found):
            found = _import(".".join(parts[: depth + 1]), name)
        else:
            found = _attributes(found, [part], name)
    if not callable(found):
        raise BadModule("'%s' is a %s, not a function" % (name, type(found).__name__))
    return found


def _attributes(found, parts, name):
    for part in parts:
        try:
            found = getattr(found, part)
        except AttributeError:
            raise BadModule("'%s' has no '%s' (wanted: %s)" % (getattr(found, "__name__", found), part, name)) from None
    return found


def _import(module, name):
    try:
        found = importlib.import_module(module)
        if user_paths:
            _note_times([module])
        return found
    except ModuleNotFoundError as error:
        raise BadModule("Error when loading '%s': %s" % (name, error)) from error
    except BaseException as error:  # sys.exit() ends the loading, not the process
        raise BadModule("Error when loading '%s': %s: %s" % (name, type(error).__name__, error)) from error


def _user_file(name):
    """The file a loaded module of the DLG_PATH came from, or None."""
    path = getattr(sys.modules.get(name), "__file__", None)
    if path and any(path.startswith(root + os.sep) for root in user_paths):
        return path
    return None


def _changed_at(path):
    try:
        return os.stat(path).st_mtime_ns
    except OSError:
        return None


def _note_times(names):
    for name in names:
        path = _user_file(name)
        if path:
            _module_times[name] = _changed_at(path)


def _forget_if_changed(dotted):
    """Lets a user's module be imported anew after its file changed on the DLG_PATH."""
    parts = dotted.split(".")
    names = [".".join(parts[:depth]) for depth in range(1, len(parts) + 1)]
    for name in names:
        path = _user_file(name)
        if path and name in _module_times and _module_times[name] != _changed_at(path):
            for loaded in [m for m in sys.modules if m == parts[0] or m.startswith(parts[0] + ".")]:
                del sys.modules[loaded]
            importlib.invalidate_caches()
            return


user_paths = []
_stand_ins = []


def set_user_paths(paths):
    """Puts the folders of the DLG_PATH on the module search path: behind what is installed, as DALiuGE does."""
    paths = [os.path.abspath(path) for path in paths if path]
    if paths == user_paths:
        return
    for path in user_paths:
        if path in sys.path:
            sys.path.remove(path)
    user_paths[:] = paths
    at = min([sys.path.index(folder) for folder in _stand_ins if folder in sys.path], default=len(sys.path))
    sys.path[at:at] = paths
    importlib.invalidate_caches()


def add_stand_in(folder):
    """Puts our `dlg` last on the path: an installed DALiuGE comes first, a user's does, too."""
    _stand_ins.append(folder)
    sys.path.append(folder)


# --- describing -------------------------------------------------------------------------------------------------

_KINDS = {
    inspect.Parameter.POSITIONAL_ONLY: "positional-only",
    inspect.Parameter.POSITIONAL_OR_KEYWORD: "normal",
    inspect.Parameter.VAR_POSITIONAL: "args",
    inspect.Parameter.KEYWORD_ONLY: "keyword-only",
    inspect.Parameter.VAR_KEYWORD: "kwargs",
}


def signature_of(function):
    """The signature, or None for C functions that tell none."""
    try:
        return inspect.signature(function)
    except (ValueError, TypeError):
        return None


def describe(function, name, code):
    """What the Host needs to bind arguments, and what a reproducibility record may want to know."""
    signature = signature_of(function)
    parameters = []
    if signature is not None:
        for parameter in signature.parameters.values():
            parameters.append(
                {
                    "name": parameter.name,
                    "kind": _KINDS[parameter.kind],
                    "hasDefault": parameter.default is not inspect.Parameter.empty,
                }
            )
    module = getattr(function, "__module__", None)
    return {
        "name": getattr(function, "__name__", name),
        "qualifiedName": getattr(function, "__qualname__", name),
        "module": None if module == SOURCE_MODULE else module,
        "hasSignature": signature is not None,
        "isClass": inspect.isclass(function),
        "parameters": parameters,
        "moduleVersion": _version(module),
        **identity(function, name, code),
        "doc": (inspect.getdoc(function) or "")[:4000],
    }


def identity(function, name, code):
    """Which code it is, as far as that can be told: of a text all that counts, whether it was executed or not."""
    imports = None if not code or _packed(code) else sources.source_of(name or "", code).imports
    return {
        "sourceSha256": _source_hash(function, code),
        "packages": packages_of(function) if imports is None else _versions_of(map(_top, imports)),
    }


def _source_hash(function, code):
    source = code
    if not source:
        try:
            source = inspect.getsource(function)
        except (OSError, TypeError):
            return None
    return hashlib.sha256(source.encode("utf-8", "replace")).hexdigest()


def packages_of(found):
    """Versions of the interpreter and of what a function or class names and imports, as far as its code shows it."""
    tops = {_top(getattr(found, "__module__", None))}
    waiting = [found] + (list(vars(found).values()) if inspect.isclass(found) else [])
    for one in waiting:
        one = getattr(one, "__func__", one)
        code = getattr(one, "__code__", None)
        if code is not None:
            _named_in(code, getattr(one, "__globals__", {}), tops)
    return _versions_of(tops)


def _versions_of(tops):
    versions = {"python": "%d.%d.%d" % sys.version_info[:3]}
    for top in sorted({top for top in tops if top}):
        if top not in getattr(sys, "stdlib_module_names", ()) and top not in sys.builtin_module_names:
            version = _version(top)
            if version is not None:
                versions[top] = version
    return versions


def _named_in(code, names, tops):
    for instruction in dis.get_instructions(code):
        if instruction.opname == "IMPORT_NAME":
            tops.add(_top(instruction.argval))
    for name in code.co_names:
        value = names.get(name)
        tops.add(_top(value.__name__ if isinstance(value, types.ModuleType) else getattr(value, "__module__", None)))
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            _named_in(constant, names, tops)


def _top(module):
    return module.split(".")[0] if isinstance(module, str) and module != SOURCE_MODULE else None


def _version(module):
    if not module or module == SOURCE_MODULE:
        return None
    top = module.split(".")[0]
    if top in getattr(sys, "stdlib_module_names", ()) or top in sys.builtin_module_names:
        return "%d.%d.%d" % sys.version_info[:3]
    try:
        from importlib.metadata import version

        return version(top)
    except Exception:
        found = getattr(sys.modules.get(top), "__version__", None)
        return found if isinstance(found, str) else None

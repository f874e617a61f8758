"""Exceptions as data: type, message, and a traceback that shows the user's frames and not ours."""

import os
import traceback

_OURS = os.path.dirname(os.path.abspath(__file__)) + os.sep
_MAX_TEXT = 64 << 10
_MAX_CAUSES = 8
_UNNAMED = ("builtins", "__weir_func_code__")


def describe(error, stage):
    """`stage` says what was going on: load, decode, bind, run, encode."""
    error = _named_cause(error)
    return {
        "type": _type_name(error),
        "message": _message(error),
        "stage": stage,
        "traceback": _trimmed(error),
        "causes": _causes(error),
    }


def _named_cause(error):
    """What an installed DALiuGE caught, logged and threw on without a word of its own."""
    cause = error.__cause__
    is_wrapped = _type_name(error).endswith("ErrorManagerCaughtException") and cause is not None and not _message(error)
    return cause if is_wrapped else error


def _type_name(error):
    try:
        return _name_of(type(error))
    except BaseException:  # a metaclass may be the user's, too
        return "an exception whose class has no readable name"


def _name_of(kind):
    if kind.__module__ in _UNNAMED or kind.__module__.startswith("weir_worker."):
        return kind.__qualname__
    return "%s.%s" % (kind.__module__, kind.__qualname__)


def _message(error):
    try:
        return str(error)[:_MAX_TEXT]
    except BaseException as broken:
        return "(its text cannot be had: %s)" % type(broken).__name__


def _causes(error):
    causes = []
    seen = {id(error)}
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    while cause is not None and id(cause) not in seen and len(causes) < _MAX_CAUSES:
        seen.add(id(cause))
        causes.append({"type": _type_name(cause), "message": _message(cause)})
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)
    return causes


def _trimmed(error):
    try:
        whole = traceback.TracebackException(type(error), error, error.__traceback__, lookup_lines=True)
        _drop_our_frames(whole, set())
        return "".join(whole.format())[-_MAX_TEXT:]
    except BaseException:
        return "%s: %s" % (_type_name(error), _message(error))


def _drop_our_frames(part, seen):
    if part is None or id(part) in seen:
        return
    seen.add(id(part))
    part.stack[:] = [frame for frame in part.stack if not frame.filename.startswith(_OURS)]
    _drop_our_frames(part.__cause__, seen)
    _drop_our_frames(part.__context__, seen)

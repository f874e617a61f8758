"""Operations of built-in applications on values only Python can read (objects beyond plain data)."""

import functools

from . import codec


class BadOperand(Exception):
    """The value does not allow the operation."""


def run_op(name, values, params):
    """The list of results of operation `name` on `values`."""
    operation = _OPERATIONS.get(name)
    if operation is None:
        raise BadOperand("there is no value operation '%s'" % name)
    return operation(values, params)


def _split_points(length, parts):
    size, rest = divmod(length, parts)
    at, points = 0, []
    for index in range(parts):
        end = at + size + (1 if index < rest else 0)
        points.append((at, end))
        at = end
    return points


def _sequence(value):
    if not hasattr(value, "__len__") or not hasattr(value, "__getitem__") or isinstance(value, dict):
        raise BadOperand("a sequence was expected, not a %s" % type(value).__name__)
    return value


def _scatter(values, params):
    value = _sequence(values[0])
    parts = int(params.get("parts", 1))
    if parts < 1:
        raise BadOperand("the number of parts must be at least 1, not %d" % parts)
    cut = [value[start:end] for start, end in _split_points(len(value), parts)]
    return [part[0] for part in cut] if params.get("element") else cut


def _pick(values, params):
    value = values[0]
    if value is None or (hasattr(value, "__len__") and len(value) == 0):
        return [None, []]
    value = _sequence(value)
    return [value[0], value[1:]]


def _first(values, params):
    return [_sequence(values[0])[0]]


def _gather(values, params):
    return [list(values)]


def _average(values, params):
    numbers = []
    for value in values:
        numbers.extend(value)
    if not numbers:
        raise BadOperand("there is nothing to average")
    if params.get("method", "mean") == "median":
        ordered = sorted(numbers)
        middle = len(ordered) // 2
        return [ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2]
    return [functools.reduce(lambda a, b: a + b, numbers) / len(numbers)]


def _identity(values, params):
    return list(values)


_OPERATIONS = {
    "identity": _identity,
    "scatter": _scatter,
    "pick": _pick,
    "first": _first,
    "gather": _gather,
    "average": _average,
}


def text_of(value):
    """`repr` and `str` of a value, cut to what a message or a name can hold."""
    return {"repr": repr(value)[:65536], "str": str(value)[:65536], "plain": codec.is_plain(value)}

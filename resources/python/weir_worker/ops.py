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
    if isinstance(value, (str, bytes, bytearray)):
        raise BadOperand("a list or array was expected, not %s" % type(value).__name__)
    cut = _array_parts(value, parts)
    if cut is None:
        cut = [value[start:end] for start, end in _split_points(len(value), parts)]
    if not params.get("element"):
        return cut
    for index, part in enumerate(cut):
        if len(part) == 0:
            raise BadOperand("part %d is empty and has no first element" % index)
    return [part[0] for part in cut]


def _numpy():
    """numpy where it is installed, else None."""
    try:
        import numpy
    except ImportError:
        return None
    return numpy


def _array_parts(value, parts):
    """The parts as numpy arrays, as DALiuGE makes them; None where numpy is not there or sees no array in the value."""
    numpy = _numpy()
    if numpy is None:
        return None
    try:
        array = value if isinstance(value, numpy.ndarray) else numpy.array(value)
    except ValueError:
        return None  # items of different lengths
    return numpy.array_split(array, parts) if array.ndim else None


def _pick(values, params):
    value = values[0]
    if value is None or (hasattr(value, "__len__") and len(value) == 0):
        return [None, []]
    if not isinstance(value, (list, tuple)) and not hasattr(value, "ndim"):
        raise BadOperand("a list, tuple or array was expected, not a %s" % type(value).__name__)
    rest = value[1:]
    return [value[0], list(rest) if isinstance(rest, tuple) else rest]


def _first(values, params):
    return [_sequence(values[0])[0]]


def _gather(values, params):
    return [list(values)]


def _dict(values, params):
    found = dict(params.get("initial") or {})
    found.update(zip(params["keys"], values))
    return [found]


def _reduction(method):
    numpy = codec.numpy_module("the method %r needs numpy" % method)
    found = None if method.startswith("_") else getattr(numpy, method, None)
    if not callable(found):
        raise BadOperand("method must be mean, median or another reduction of numpy, but is %r" % method)
    return found


def _average(values, params):
    numbers = []
    for value in values:
        if value is not None:
            # As DALiuGE has it: only lists, tuples and arrays are taken apart.
            is_list = isinstance(value, (list, tuple)) or getattr(value, "ndim", 0) > 0 and hasattr(value, "dtype")
            numbers.extend(value if is_list else [value])
    if not numbers:
        raise BadOperand("there is nothing to average")
    method = params.get("method", "mean")
    is_median = method == "median"
    if method not in ("mean", "median"):
        return [_reduction(method)(numbers, axis=0)]
    numpy = _numpy()
    if numpy is not None:
        return [numpy.median(numbers, axis=0) if is_median else numpy.mean(numbers, axis=0)]
    if any(hasattr(number, "__len__") for number in numbers):
        codec.numpy_module("averaging rows needs numpy")
    if is_median:
        ordered = sorted(numbers)
        middle = len(ordered) // 2
        return [ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2]
    return [functools.reduce(lambda a, b: a + b, numbers) / len(numbers)]


_COMBINE = {"sum": "add", "prod": "multiply", "min": "minimum", "max": "maximum"}


def _npy_gather(values, params):
    numpy = codec.numpy_module("gathering arrays of this type needs numpy")
    name = params["function"]
    axes = params.get("axes")
    combine = getattr(numpy, _COMBINE.get(name, name))
    result = None
    for value in values:
        part = numpy.asarray(value)
        if name in _COMBINE:
            part = getattr(numpy, name)(part, axis=None if axes is None else tuple(axes))
        result = part if result is None else combine(result, part)
    if result is None:
        raise BadOperand("there is nothing to gather")
    return [result]


def _npy_scatter(values, params):
    numpy = codec.numpy_module("splitting arrays of this type needs numpy")
    return numpy.array_split(numpy.asarray(values[0]), int(params["parts"]), axis=int(params.get("axis") or 0))


def _identity(values, params):
    return list(values)


_OPERATIONS = {
    "identity": _identity,
    "scatter": _scatter,
    "pick": _pick,
    "first": _first,
    "gather": _gather,
    "dict": _dict,
    "npy-gather": _npy_gather,
    "npy-scatter": _npy_scatter,
    "average": _average,
}


def text_of(value):
    """`repr` and `str` of a value, cut to what a message or a name can hold."""
    return {"repr": repr(value)[:65536], "str": str(value)[:65536], "plain": codec.is_plain(value)}

"""Functions given as source text (func_code): what is done of it before its drop runs, and executing it for the drop.

DALiuGE executes the text once, when it makes the drop. Here it is executed once, by the process that runs the drop. What is
wrong with it is to be told when the session is deployed all the same: until then its opening is executed, the statements up
to the first one that could do anything but define names. In most texts that is all of it, and all is known of the function.
"""

import ast
import builtins
import hashlib
import inspect
import linecache
from collections import OrderedDict

SOURCE_MODULE = "__weir_func_code__"
_KNOWN_LIMIT = 4096
_LOOKED_AT = 1 << 20  # longer texts are data: looking through them takes more than it is worth
_known = OrderedDict()


class BadModule(Exception):
    """The function cannot be had: a load failure (BadModuleException of DALiuGE)."""


class Source:
    """A text, compiled."""

    def __init__(self, name, text):
        digest = hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
        filename = "<func_code of %s %s>" % (name, digest[:8])
        # As DALiuGE: blanks around it count for nothing. Lines keep their numbers.
        body = "\n" * text[: len(text) - len(text.lstrip())].count("\n") + text.strip()
        self.is_declaration, self.imports, self._names = False, frozenset(), None
        try:
            if len(text) > _LOOKED_AT:
                self._whole, self._opening = compile(body, filename, "exec"), compile("", filename, "exec")
            else:
                self._look_through(ast.parse(body, filename), filename)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            raise BadModule(
                "func_code of '%s' is neither Python source nor base64 of a function: %s" % (name, error)
            ) from error
        linecache.cache[filename] = (len(text), None, text.splitlines(True), filename)

    def _look_through(self, tree, filename):
        count = _opening_length(tree.body)
        self.is_declaration = count == len(tree.body)
        self.imports = frozenset(module for node in ast.walk(tree) for module in _imported(node))
        self._names = _names_given(tree)
        self._whole = self._opening = compile(tree, filename, "exec")
        if not self.is_declaration:
            self._opening = compile(ast.Module(body=tree.body[:count], type_ignores=[]), filename, "exec")

    def execute(self, name):
        """The function, of an execution of the whole text."""
        return _function_in(self._run(self._whole, name), name)

    def check(self, name):
        """The function where executing the whole text does nothing else, else None. Raises BadModule for what cannot be."""
        namespace = self._run(self._opening, name)
        if self.is_declaration:
            return _function_in(namespace, name)
        last = name.split(".")[-1]
        if last and self._names is not None and last not in self._names:
            raise BadModule("func_code gives nothing the name '%s' of the function" % last)
        return None

    @staticmethod
    def _run(code, name):
        # A fresh namespace each time: defaults and globals of one drop are not those of another.
        namespace = {"__name__": SOURCE_MODULE, "__builtins__": builtins}
        try:
            exec(code, namespace)
        except BaseException as error:  # sys.exit() ends the loading, not the process
            raise BadModule(
                "func_code of '%s' fails when loaded%s: %s: %s" % (name, _line_of(error), type(error).__name__, error)
            ) from error
        return namespace


def source_of(name, text):
    """The compiled text of a function, kept for the next one who asks. Raises BadModule."""
    source = _known.get((name, text))
    if source is None:
        _known[(name, text)] = source = Source(name, text)
        while len(_known) > _KNOWN_LIMIT:
            _known.popitem(last=False)
    return source


def _line_of(error):
    trace = error.__traceback__.tb_next if error.__traceback__ else None
    return " in line %d" % trace.tb_lineno if trace else ""


def _function_in(namespace, name):
    last = name.split(".")[-1]
    if last:
        function = namespace.get(last)
        if callable(function):
            return function
    found = [key for key, value in namespace.items() if inspect.isfunction(value) and value.__module__ == SOURCE_MODULE]
    if not last and len(found) == 1:
        return namespace[found[0]]
    raise BadModule("func_code defines no function '%s'; it defines: %s" % (last, ", ".join(found) or "none"))


# --- what a text does -----------------------------------------------------------------------------------------------

_QUIET = (
    ast.Constant, ast.Name, ast.Attribute, ast.Subscript, ast.Slice, ast.Tuple, ast.List, ast.Set, ast.Dict, ast.UnaryOp,
    ast.BinOp, ast.BoolOp, ast.Compare, ast.IfExp, ast.JoinedStr, ast.FormattedValue, ast.operator, ast.unaryop,
    ast.boolop, ast.cmpop, ast.expr_context,
)  # fmt: skip
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_TELLS_OF_NO_NAMES = frozenset(("exec", "eval", "globals", "locals", "vars", "setattr"))


def _opening_length(statements):
    """How many statements stand before the first that could do more than define names; imports do no more."""
    try:
        for index, statement in enumerate(statements):
            if not _is_declaration(statement):
                return index
    except RecursionError:
        return 0
    return len(statements)


def _is_declaration(node):
    if isinstance(node, (ast.Import, ast.ImportFrom, ast.Pass, ast.Global)):
        return True
    if isinstance(node, _FUNCTIONS):
        return not node.decorator_list and _are_quiet_arguments(node.args) and _is_quiet(node.returns)
    if isinstance(node, ast.ClassDef):
        is_plain = not node.decorator_list and not node.keywords and all(map(_is_builtin, node.bases))
        return is_plain and _are_declarations(node.body)
    if isinstance(node, ast.Assign):
        return all(isinstance(target, ast.Name) for target in node.targets) and _is_quiet(node.value)
    if isinstance(node, ast.AnnAssign):
        return isinstance(node.target, ast.Name) and _is_quiet(node.annotation) and _is_quiet(node.value)
    if isinstance(node, ast.Expr):
        return _is_quiet(node.value)
    if isinstance(node, ast.Raise):
        return _is_quiet_exception(node.exc) and _is_quiet(node.cause)
    if isinstance(node, ast.If):
        return _is_main_test(node.test) or _is_quiet(node.test) and _are_declarations(node.body + node.orelse)
    if isinstance(node, ast.Try):
        handlers = [statement for handler in node.handlers for statement in handler.body]
        types = all(_is_quiet(handler.type) for handler in node.handlers)
        return types and _are_declarations(node.body + handlers + node.orelse + node.finalbody)
    return False


def _are_declarations(nodes):
    return all(map(_is_declaration, nodes))


def _is_quiet(node):
    """Whether working out an expression calls nothing."""
    if node is None:
        return True
    if isinstance(node, ast.Lambda):
        return _are_quiet_arguments(node.args)
    return isinstance(node, _QUIET) and all(map(_is_quiet, ast.iter_child_nodes(node)))


def _are_quiet_arguments(arguments):
    named = arguments.posonlyargs + arguments.args + arguments.kwonlyargs
    named += [one for one in (arguments.vararg, arguments.kwarg) if one]
    defaults = arguments.defaults + arguments.kw_defaults
    return all(map(_is_quiet, defaults)) and all(_is_quiet(one.annotation) for one in named)


def _is_quiet_exception(node):
    if isinstance(node, ast.Call):
        return _is_builtin(node.func, BaseException) and not node.keywords and all(map(_is_quiet, node.args))
    return _is_quiet(node)


def _is_builtin(node, kind=object):
    found = getattr(builtins, node.id, None) if isinstance(node, ast.Name) else None
    return isinstance(found, type) and issubclass(found, kind)


def _is_main_test(node):
    """`if __name__ == "__main__":` is for running a text alone; nothing of it runs here."""
    is_equation = isinstance(node, ast.Compare) and len(node.ops) == 1 and isinstance(node.ops[0], ast.Eq)
    return (
        is_equation
        and isinstance(node.left, ast.Name)
        and node.left.id == "__name__"
        and isinstance(node.comparators[0], ast.Constant)
        and node.comparators[0].value == "__main__"
    )


def _imported(node):
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.module and not node.level:
        return [node.module]
    return []


def _names_given(tree):
    """Names that anything in a text may give; None where that cannot be told."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            if node.id in _TELLS_OF_NO_NAMES:
                return None
            if isinstance(node.ctx, ast.Store):
                names.add(node.id)
        elif isinstance(node, _FUNCTIONS + (ast.ClassDef,)):
            names.add(node.name)
        elif isinstance(node, ast.alias):
            if node.name == "*":
                return None
            names.add(node.asname or node.name.split(".")[0])
    return names

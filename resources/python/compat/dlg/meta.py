"""Declared parameters of drop classes: class attributes that become instance attributes with the declared type."""

import ast


class Parameter:
    """A declared parameter. `dlg_kind` names its type for tools that list what a class declares."""

    dlg_kind = "string"

    def __init__(self, description="", default=None):
        self.description = description
        self.default = default

    def convert(self, value):
        return value

    def value_from(self, given):
        """The attribute's value for what the graph gave; None and "" stay as they are."""
        if given is None or given == "" and not isinstance(self, (dlg_list_param, dlg_dict_param)):
            return given
        return self.convert(given)


class dlg_float_param(Parameter):
    dlg_kind = "float"

    def convert(self, value):
        return float(value)


class dlg_int_param(Parameter):
    dlg_kind = "int"

    def convert(self, value):
        return int(value)


class dlg_bool_param(Parameter):
    dlg_kind = "bool"

    def convert(self, value):
        # A text is what it says: "False", "no" and "0" are false.
        if isinstance(value, str):
            return value.strip().lower() not in ("false", "no", "off", "0", "none")
        return bool(value)


class dlg_string_param(Parameter):
    dlg_kind = "string"

    def convert(self, value):
        return str(value)


class dlg_enum_param(Parameter):
    dlg_kind = "enum"

    def __init__(self, cls, description="", default=None):
        super().__init__(description, default)
        self.cls = cls

    def convert(self, value):
        return value if isinstance(value, self.cls) else self.cls(value)


class _LiteralParameter(Parameter):
    kind = object

    def convert(self, value):
        if value == "":
            return self.kind()
        if isinstance(value, str):
            value = ast.literal_eval(value)
        if value is not None and not isinstance(value, self.kind):
            raise TypeError("a %s was expected, not %r" % (self.kind.__name__, value))
        return value


class dlg_list_param(_LiteralParameter):
    dlg_kind = "list"
    kind = list


class dlg_dict_param(_LiteralParameter):
    dlg_kind = "dict"
    kind = dict


class _Described:
    """What only describes a component for a palette."""

    def __init__(self, *args, **kwargs):
        self.args = args
        self.kwargs = kwargs


class dlg_component(_Described):
    pass


class dlg_batch_input(_Described):
    pass


class dlg_batch_output(_Described):
    pass


class dlg_streaming_input(_Described):
    pass


class dlg_streaming_output(_Described):
    pass


def declared_parameters(cls):
    """name -> Parameter, those of base classes first, so that a subclass may redeclare one."""
    found = {}
    for base in reversed(cls.__mro__):
        for name, value in vars(base).items():
            if isinstance(value, Parameter):
                found[name] = value
    return found

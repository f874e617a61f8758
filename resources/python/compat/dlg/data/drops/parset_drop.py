"""See dlg.data.drops."""

from dlg.data.drops import ParameterSetDROP  # noqa: F401

"""See dlg.data.drops."""

from dlg.data.drops import NgasDROP  # noqa: F401

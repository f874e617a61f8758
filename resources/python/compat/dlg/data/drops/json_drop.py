"""See dlg.data.drops."""

from dlg.data.drops import JsonDROP  # noqa: F401

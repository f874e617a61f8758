"""See dlg.data.drops."""

from dlg.data.drops import FileDROP  # noqa: F401

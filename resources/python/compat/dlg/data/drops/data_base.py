"""See dlg.data.drops."""

from dlg.data.drops import DataDROP, EndDROP, NullDROP, PathBasedDrop  # noqa: F401

"""See dlg.data.drops."""

from dlg.data.drops import DirectoryDROP  # noqa: F401

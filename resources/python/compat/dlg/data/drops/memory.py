"""See dlg.data.drops."""

from dlg.data.drops import InMemoryDROP, PythonObjectDROP, SharedMemoryDROP  # noqa: F401

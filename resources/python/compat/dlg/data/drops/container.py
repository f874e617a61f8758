"""See dlg.data.drops."""

from dlg.data.drops import ContainerDROP  # noqa: F401

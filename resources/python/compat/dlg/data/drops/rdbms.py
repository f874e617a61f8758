"""See dlg.data.drops."""

from dlg.data.drops import RDBMSDrop  # noqa: F401

"""See dlg.data.drops."""

from dlg.data.drops import S3DROP  # noqa: F401

"""The base of branches."""

from dlg.drop import BranchAppDrop  # noqa: F401

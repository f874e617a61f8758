"""The simple applications others derive from. The rest of that module runs in the Host, not here."""

from dlg.drop import BarrierAppDROP, BranchAppDrop  # noqa: F401


class NullBarrierApp(BarrierAppDROP):
    """Does nothing."""

    def run(self):
        pass

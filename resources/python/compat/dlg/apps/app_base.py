"""The bases of applications."""

from dlg.drop import AppDROP, BarrierAppDROP, InputFiredAppDROP  # noqa: F401

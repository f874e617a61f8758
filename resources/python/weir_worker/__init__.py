"""The Python side of Weir: one long-lived process that runs functions and drop classes for the Host.

Standard library only; Python 3.8 or later. numpy and dill are used when they can be imported. The contract between
this package and the Host is written down in engine/drops/python/index.ts.
"""

PROTOCOL_VERSION = 1

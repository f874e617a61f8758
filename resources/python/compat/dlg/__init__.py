"""The names user modules import from DALiuGE, for drop classes that run in a worker of Weir.

Written for Weir; it stands in where no DALiuGE is installed. The classes carry what an application needs while its
`run()` is called: its parameters, its inputs and outputs. State, events and triggering are the Host's.
"""

__version__ = "6.7.0"

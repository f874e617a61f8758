"""The exceptions user code may raise or catch."""


class DaliugeException(Exception):
    pass


class ErrorManagerCaughtException(DaliugeException):
    pass


class InvalidDropException(DaliugeException):
    """Raised with (drop, reason)."""

    def __init__(self, drop=None, reason=None, *more):
        super().__init__(drop, reason, *more)
        self.drop = drop
        self.reason = reason

    def __str__(self):
        return str(self.reason if self.reason is not None else self.drop)


class IncompleteDROPSpec(InvalidDropException):
    pass


class BadModuleException(InvalidDropException):
    pass


class InvalidEncodingException(InvalidDropException):
    pass


class InvalidPathException(InvalidDropException):
    pass


class DROPException(DaliugeException):
    def __init__(self, drop=None, reason=None, *more):
        super().__init__(drop, reason, *more)
        self.drop = drop
        self.reason = reason


class InvalidDROPState(DROPException):
    pass


class BashAppRuntimeError(DROPException):
    pass


class OutputDROPCancelled(DROPException):
    pass


class InvalidGraphException(DaliugeException):
    pass


class InvalidRelationshipException(InvalidGraphException):
    pass


class NoDropException(DaliugeException):
    pass


class DropChecksumException(DaliugeException):
    pass

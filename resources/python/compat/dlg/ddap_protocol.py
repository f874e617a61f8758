"""The integers of the protocol."""


class DROPStates:
    INITIALIZED, WRITING, COMPLETED, ERROR, EXPIRED, DELETED, CANCELLED, SKIPPED = range(8)


class AppDROPStates:
    NOT_RUN, RUNNING, FINISHED, ERROR, CANCELLED, SKIPPED = range(6)


class DROPPhases:
    PLASMA, GAS, SOLID, LIQUID, LOST = range(5)


class ExecutionMode:
    DROP, EXTERNAL = range(2)


class ChecksumTypes:
    CRC_32, CRC_32C = range(2)


class DROPLinkType:
    CONSUMER, STREAMING_CONSUMER, PRODUCER, PARENT, CHILD, INPUT, STREAMING_INPUT, OUTPUT = range(8)

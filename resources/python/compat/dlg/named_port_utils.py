"""Names of encodings."""

import enum


class DropParser(enum.Enum):
    RAW = "raw"
    PICKLE = "pickle"
    EVAL = "eval"
    NPY = "npy"
    PATH = "path"
    DATAURL = "dataurl"
    DILL = "dill"
    BINARY = "binary"
    UTF8 = "utf-8"

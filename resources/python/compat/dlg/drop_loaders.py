"""Reading and writing Python values in drops."""

import io

from weir_worker import codec

from .droputils import allDropContents


def save_pickle(drop, data):
    drop.write(codec.encode(data, "pickle"))


def load_pickle(drop):
    return codec.decode(allDropContents(drop), "pickle")


def load_dill(drop):
    return codec.decode(allDropContents(drop), "dill")


def save_npy(drop, ndarray, allow_pickle=False):
    numpy = codec.numpy_module("the value is to be written in npy format")
    out = io.BytesIO()
    numpy.save(out, ndarray, allow_pickle=allow_pickle)
    drop.write(out.getvalue())


def load_npy(drop, allow_pickle=True):
    numpy = codec.numpy_module("the value is in npy format")
    return numpy.load(io.BytesIO(allDropContents(drop)), allow_pickle=allow_pickle)


save_numpy, load_numpy = save_npy, load_npy


def load_binary(drop):
    return codec.decode(allDropContents(drop), "binary")


def save_binary(drop, data):
    drop.write(bytes(data))


def load_utf8(drop):
    return allDropContents(drop).decode("utf-8")

"""Places and small helpers."""

import base64
import os

from weir_worker import codec


def getDlgDir():
    return os.environ.get("DLG_ROOT") or os.path.join(os.path.expanduser("~"), "dlg")


def getDlgWorkDir():
    return os.path.join(getDlgDir(), "workspace")


def getDlgLogsDir():
    return os.path.join(getDlgDir(), "logs")


def getDlgPath():
    return os.environ.get("DLG_PATH") or os.path.join(getDlgDir(), "code")


def getDlgVariable(key):
    if key == "$DLG_ROOT":
        return getDlgDir()
    return os.environ.get(key[1:], key)


def createDirIfMissing(path):
    os.makedirs(path, exist_ok=True)


def b2s(data, enc="utf8"):
    return data.decode(enc)


def serialize_data(value):
    return base64.b64encode(codec.encode(value, "dill")).decode("ascii")


def deserialize_data(text):
    return codec.decode(base64.b64decode(text), "dill")

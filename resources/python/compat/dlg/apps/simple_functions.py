"""Functions test graphs name as targets of PyFuncApp."""

import json
import pickle


def readLines(fileName):
    """The words of a file, split at white space."""
    with open(fileName) as file:
        return file.read().split()


def createRange(low, high, step):
    return range(low, high, step)


def createMultiOut(v1=1, v2=7):
    return v1, v2


def getMax(v1=1.0, v2=7.0):
    return max(v1, v2)


def string2json(string, pickle_flag=False):
    """The value of a JSON text: "" for nothing, [] for what is no JSON; pickled when asked for."""
    if not string:
        value = ""
    else:
        try:
            value = json.loads(string)
        except (ValueError, TypeError):
            value = []
    return pickle.dumps(value, 4) if pickle_flag else value

"""Modes of opening."""


class OpenMode:
    OPEN_WRITE, OPEN_READ = range(2)

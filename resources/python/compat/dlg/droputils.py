"""Helpers around the contents of drops."""

import shutil

_STEP = 1 << 20


def allDropContents(drop, bufsize=_STEP):
    """All bytes of a completed drop."""
    descriptor = drop.open()
    try:
        parts = []
        while True:
            part = drop.read(descriptor, bufsize)
            if not part:
                return b"".join(parts)
            parts.append(part)
    finally:
        drop.close(descriptor)


def copyDropContents(source, target, bufsize=_STEP):
    """Appends the contents of `source` to `target`, a piece at a time."""
    descriptor = source.open()
    try:
        while True:
            part = source.read(descriptor, bufsize)
            if not part:
                return
            target.write(part)
    finally:
        source.close(descriptor)


def copyDirectoryContents(source, target):
    shutil.copytree(source, target, dirs_exist_ok=True)


def has_path(drop):
    return hasattr(drop, "path")


def listify(value):
    """A list stays itself, a tuple becomes one, anything else is put into one."""
    if isinstance(value, list):
        return value
    return list(value) if isinstance(value, tuple) else [value]


class DROPFile:
    """A drop as a readable file."""

    def __init__(self, drop):
        self._drop = drop
        self._descriptor = None

    def open(self):
        self._descriptor = self._drop.open()
        return self

    @property
    def closed(self):
        return self._descriptor is None

    def read(self, size=65536):
        if self._descriptor is None:
            raise ValueError("the drop is not open")
        return self._drop.read(self._descriptor, size)

    def close(self):
        if self._descriptor is not None:
            self._drop.close(self._descriptor)
            self._descriptor = None

    def __enter__(self):
        return self.open() if self._descriptor is None else self

    def __exit__(self, *_):
        self.close()


def __getattr__(name):
    # The loaders moved to dlg.drop_loaders; older modules look for them here.
    if name.startswith(("load_", "save_")):
        from . import drop_loaders

        return getattr(drop_loaders, name)
    raise AttributeError("module 'dlg.droputils' has no attribute %r" % name)

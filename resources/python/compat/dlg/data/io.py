"""Storage behind data drops: the base a user's storage derives from, and the usual kinds."""

import base64
import io
import os


class OpenMode:
    OPEN_WRITE, OPEN_READ = range(2)


class DataIO:
    """One opening of some storage. Subclasses define `_open`, `_read`, `_write`, `_close`, `_size`, `exists`, `delete`."""

    def __init__(self):
        self._mode = None
        self._desc = None

    def open(self, mode, **kwargs):
        self._mode = mode
        try:
            self._desc = self._open(**kwargs)
        except BaseException:
            self._mode = None
            raise

    def read(self, count, **kwargs):
        self._expect(OpenMode.OPEN_READ, "read")
        return self._read(count, **kwargs)

    def write(self, data, **kwargs):
        self._expect(OpenMode.OPEN_WRITE, "written")
        return self._write(data, **kwargs)

    def close(self, **kwargs):
        if self._mode is None:
            return
        try:
            self._close(**kwargs)
        finally:
            self._mode = None

    def size(self, **kwargs):
        return self._size(**kwargs)

    def isOpened(self):
        return self._mode is not None

    def _expect(self, mode, what):
        if self._mode is None:
            raise ValueError("a closed %s cannot be %s" % (type(self).__name__, what))
        if self._mode != mode:
            raise ValueError("a %s opened the other way cannot be %s" % (type(self).__name__, what))

    def exists(self):
        raise NotImplementedError("class %s defines no exists()" % type(self).__name__)

    def delete(self):
        raise NotImplementedError("class %s defines no delete()" % type(self).__name__)

    def buffer(self):
        """Everything from here on."""
        parts = []
        while True:
            part = self.read(1 << 20)
            if not part:
                return b"".join(parts)
            parts.append(part)

    def _open(self, **kwargs):
        raise NotImplementedError("class %s defines no _open()" % type(self).__name__)

    def _read(self, count, **kwargs):
        raise NotImplementedError("class %s defines no _read()" % type(self).__name__)

    def _write(self, data, **kwargs):
        raise NotImplementedError("class %s defines no _write()" % type(self).__name__)

    def _close(self, **kwargs):
        raise NotImplementedError("class %s defines no _close()" % type(self).__name__)

    def _size(self, **kwargs):
        return -1


class NullIO(DataIO):
    """Takes everything and keeps nothing."""

    def _open(self, **kwargs):
        return None

    def _read(self, count, **kwargs):
        return None

    def _write(self, data, **kwargs):
        return len(data)

    def _close(self, **kwargs):
        pass

    def _size(self, **kwargs):
        return 0

    def exists(self):
        return True

    def delete(self):
        pass


class ErrorIO(DataIO):
    """Refuses everything: for drops without content of their own."""


class MemoryIO(DataIO):
    """A buffer (io.BytesIO or io.StringIO) that is written where it stands and read from its beginning."""

    def __init__(self, buf, **kwargs):
        super().__init__()
        self._buf = buf

    def _is_text(self):
        return isinstance(self._buf, io.StringIO)

    def _open(self, **kwargs):
        if self._mode == OpenMode.OPEN_WRITE:
            return self._buf
        value = self._buf.getvalue()
        return io.BytesIO(value.encode("utf-8") if isinstance(value, str) else value)

    def _read(self, count, **kwargs):
        return self._desc.read(count)

    def _write(self, data, **kwargs):
        if self._is_text():
            data = data if isinstance(data, str) else base64.b64encode(bytes(data)).decode("ascii")
        elif isinstance(data, str):
            data = data.encode("utf-8")
        self._desc.write(data)
        return len(data)

    def _close(self, **kwargs):
        if self._mode == OpenMode.OPEN_READ:
            self._desc.close()

    def _size(self, **kwargs):
        value = self._buf.getvalue()
        return len(value.encode("utf-8") if isinstance(value, str) else value)

    def exists(self):
        return not self._buf.closed

    def delete(self):
        self._buf.close()


class FileIO(DataIO):
    """A file, written from its beginning."""

    def __init__(self, filename, **kwargs):
        super().__init__()
        self._path = os.fspath(filename)

    def getFileName(self):
        return self._path

    def _open(self, **kwargs):
        return open(self._path, "rb" if self._mode == OpenMode.OPEN_READ else "wb")

    def _read(self, count, **kwargs):
        return self._desc.read(count)

    def _write(self, data, **kwargs):
        data = data.encode("utf-8") if isinstance(data, str) else data
        self._desc.write(data)
        return len(data)

    def _close(self, **kwargs):
        self._desc.close()

    def _size(self, **kwargs):
        return os.path.getsize(self._path)

    def exists(self):
        return os.path.isfile(self._path)

    def delete(self):
        if os.path.exists(self._path):
            os.unlink(self._path)

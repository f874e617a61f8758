"""What user code prints becomes log messages; it never reaches the pipe the protocol runs on."""

import codecs
import io
import os
import select
import sys
import threading
import time

_FLUSH_BYTES = 1 << 14
_FLUSH_SECONDS = 0.2
_PIECE_BYTES = 1 << 16  # of what is printed at once: messages have a size, and the Host reads as it goes


class LogSink:
    """Collects what is printed during a call and sends it on when it is much, old, or asked for."""

    def __init__(self, send):
        self._send = send
        self._lock = threading.Lock()
        self._parts = []
        self._size = 0
        self._last = 0.0
        self._call = None
        self._decoders = {name: codecs.getincrementaldecoder("utf-8")("replace") for name in ("out", "err")}

    def begin(self, call_id):
        self._call = call_id
        self._last = time.monotonic()

    def follow_copies(self):
        """Has copies of this process that user code forks print past the protocol, and nothing twice."""
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(before=self._before_copy, after_in_child=self._become_copy)

    def _before_copy(self):
        flush_standard_streams()
        self.flush()

    def _become_copy(self):
        self._lock = threading.Lock()  # whoever held it is not in this process
        self.take()
        self.add = _write_past

    def add(self, stream, data):
        """Takes bytes as they come, characters cut anywhere."""
        data = memoryview(data)
        for at in range(0, len(data), _PIECE_BYTES):
            text = self._decoders[stream].decode(data[at : at + _PIECE_BYTES])
            if text:
                self._add_text(stream, text)

    def finish(self):
        """The end of a call: half a character is none."""
        for stream, decoder in self._decoders.items():
            text = decoder.decode(b"", True)
            if text:
                self._add_text(stream, text)

    def _add_text(self, stream, text):
        with self._lock:
            self._parts.append([stream, text])
            self._size += len(text)
            due = self._size > _FLUSH_BYTES or time.monotonic() - self._last > _FLUSH_SECONDS
        if due:
            self.flush()

    def flush(self):
        parts = self.take()
        self._last = time.monotonic()
        if parts:
            self._send({"t": "log", "id": self._call, "log": parts})

    def take(self):
        """What was collected and not sent yet."""
        with self._lock:
            parts, self._parts, self._size = self._parts, [], 0
        return parts


def _write_past(stream, data):
    """To the descriptors of this process, which the Host reads as text."""
    write_all(1 if stream == "out" else 2, bytes(data))


def write_all(fd, data):
    data = memoryview(data)
    while data:
        try:
            data = data[os.write(fd, data) :]
        except BlockingIOError:  # a program that shares the descriptor changed its mode
            select.select([], [fd], [])


def flush_standard_streams():
    """False where user code closed one: nothing is left to flush there."""
    is_open = True
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except Exception:
            is_open = False
    return is_open


class _SinkStream(io.RawIOBase):
    def __init__(self, sink, stream, fd):
        super().__init__()
        self._sink, self._stream, self._fd = sink, stream, fd

    def writable(self):
        return True

    def write(self, data):
        self._sink.add(self._stream, data)
        return len(data)

    def fileno(self):
        # Programs started with stdout=sys.stdout get the descriptor the Host reads as raw output.
        return self._fd


def capture_standard_streams(sink):
    """Replaces sys.stdout and sys.stderr by streams that end in `sink`."""
    for name, fd in (("stdout", 1), ("stderr", 2)):
        raw = _SinkStream(sink, "out" if name == "stdout" else "err", fd)
        stream = io.TextIOWrapper(
            io.BufferedWriter(raw), encoding="utf-8", errors="replace", line_buffering=True
        )
        setattr(sys, name, stream)
        setattr(sys, "__%s__" % name, stream)

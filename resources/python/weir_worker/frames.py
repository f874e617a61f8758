"""Frames on a pipe: a JSON header and binary attachments.

    u32 header length | u32 body length | header (JSON, UTF-8) | body

Both numbers are big-endian. The body is the attachments one after the other; the header lists their lengths under "a".
"""

import json
import os
import struct
import threading

MAX_HEADER = 64 << 20
MAX_BODY = 512 << 20
_PREFIX = struct.Struct(">II")
_CHUNK = 1 << 16

_decode = json.JSONDecoder().decode
_plain_encode = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode


def _make_encode():
    """JSONEncoder.encode sets up its C encoder for every call, which costs more than the call; ours is set up once."""
    try:
        from json.encoder import c_make_encoder, encode_basestring

        encoder = c_make_encoder(None, _refuse, encode_basestring, None, ":", ",", False, False, False)
        sample = {"a": [1, 2.5, None, True, "\u00e9\n"], "b": {}}
        if "".join(encoder(sample, 0)) == _plain_encode(sample):
            return lambda value: "".join(encoder(value, 0))
    except (ImportError, TypeError):
        pass  # another Python than CPython, or a changed internal: the public way does the same
    return _plain_encode


def _refuse(value):
    raise TypeError("%s cannot be sent to the Host" % type(value).__name__)


_encode = _make_encode()


class FrameError(Exception):
    """The other side sent something that is no frame; the connection cannot be used any more."""


class FrameReader:
    """Reads frames from a file descriptor. Not thread safe: one reader has one user at a time.

    Without a list of attachments (`has_list`) the whole body is one.
    """

    def __init__(self, fd, has_list=True):
        self._fd = fd
        self._has_list = has_list
        self._buffer = bytearray()

    def _fill(self, size):
        """Makes sure that `size` bytes are buffered; False when the pipe ended before the first of them."""
        buffer = self._buffer
        while len(buffer) < size:
            chunk = os.read(self._fd, max(_CHUNK, size - len(buffer)))
            if not chunk:
                if buffer:
                    raise FrameError("the pipe ended inside a frame")
                return False
            buffer += chunk
        return True

    def read(self):
        """The next frame as (header, attachments), or None at the end of the pipe."""
        if not self._fill(_PREFIX.size):
            return None
        header_length, body_length = _PREFIX.unpack_from(self._buffer)
        if header_length > MAX_HEADER or body_length > MAX_BODY:
            raise FrameError("a frame of %d + %d bytes is larger than allowed" % (header_length, body_length))
        end = _PREFIX.size + header_length + body_length
        self._fill(end)
        at = _PREFIX.size + header_length
        header = _decode(self._buffer[_PREFIX.size : at].decode("utf-8"))
        attachments = []
        for length in header.get("a", ()) if self._has_list else (body_length,):
            attachments.append(bytes(self._buffer[at : at + length]))
            at += length
        del self._buffer[:end]
        return header, attachments


class FrameWriter:
    """Writes frames to a file descriptor; safe to use from several threads."""

    def __init__(self, fd):
        self._fd = fd
        self._lock = threading.Lock()

    def write(self, header, attachments=()):
        if attachments:
            header["a"] = [len(part) for part in attachments]
        text = _encode(header).encode("utf-8", "replace")
        body_length = sum(header["a"]) if attachments else 0
        if len(text) > MAX_HEADER or body_length > MAX_BODY:
            raise FrameError("a message of %d + %d bytes is too large for the Host" % (len(text), body_length))
        parts = [_PREFIX.pack(len(text), body_length), text]
        parts.extend(attachments)
        data = memoryview(b"".join(parts))
        with self._lock:
            while data:
                data = data[os.write(self._fd, data) :]

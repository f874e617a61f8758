"""Questions a running drop class puts to the Host: reading and writing the drops around it."""

import threading


class HostError(Exception):
    """The Host could not do what was asked."""


class HostLink:
    """One question at a time; answers come in on the pipe the calls come in on."""

    def __init__(self, reader, writer):
        self._reader = reader
        self._writer = writer
        self._lock = threading.RLock()
        self._number = 0
        self._call = None

    def begin(self, call_id):
        self._call = call_id

    def ask(self, operation, uid, data=None, **details):
        """The Host's answer as (value, bytes or None). Raises HostError with the Host's message."""
        with self._lock:
            self._number += 1
            number = self._number
            header = {"t": "host", "id": self._call, "n": number, "op": operation, "uid": uid}
            header.update(details)
            self._writer.write(header, [] if data is None else [data])
            frame = self._reader.read()
            if frame is None:
                raise SystemExit("the Host is gone")
            answer, attachments = frame
            if answer.get("t") != "reply" or answer.get("n") != number:
                raise HostError("the Host answered %r to question %d" % (answer.get("t"), number))
            if "error" in answer:
                raise HostError(answer["error"])
            return answer.get("v"), attachments[0] if attachments else None

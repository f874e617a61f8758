"""A process that keeps objects of the user's drop classes: data drops, and applications that are fed while data is written.

Unlike a worker of the pool it runs no calls of its own. Each object lives as long as its drop, and has a thread while it
has work, so that one that waits holds nobody else up: calls of one object follow one another, those of different
objects overlap. The main thread only reads the pipe.
"""

import sys
import threading
from collections import deque

from . import apps, calls, capture, drops, failures, frames, functions

_LINGER_SECONDS = 5.0


class HostError(Exception):
    """The Host could not do what was asked."""


class ThreadedLink:
    """Questions to the Host from any thread; the answers come in on the pipe the main thread reads."""

    def __init__(self, writer):
        self._writer = writer
        self._lock = threading.Lock()
        self._number = 0
        self._waiting = {}

    def ask(self, kept, operation, uid, data=None, **details):
        answer = _Answer()
        with self._lock:
            self._number += 1
            number = self._number
            self._waiting[number] = answer
        header = {"t": "host", "id": kept, "n": number, "op": operation, "uid": uid}
        header.update(details)
        self._writer.write(header, [] if data is None else [data])
        return answer.wait()

    def deliver(self, header, attachments):
        with self._lock:
            answer = self._waiting.pop(header["n"], None)
        if answer is not None:
            answer.give(header, attachments)


class _Answer:
    def __init__(self):
        self._there = threading.Event()
        self._found = None

    def give(self, header, attachments):
        self._found = (header, attachments)
        self._there.set()

    def wait(self):
        self._there.wait()
        header, attachments = self._found
        if "error" in header:
            raise HostError(header["error"])
        return header.get("v"), attachments[0] if attachments else None


class ObjectLink:
    """The link as one object uses it: its questions carry its number, whatever thread puts them."""

    def __init__(self, link, kept):
        self._link = link
        self._kept = kept

    def ask(self, operation, uid, data=None, **details):
        return self._link.ask(self._kept, operation, uid, data, **details)


class KeeperSink(capture.LogSink):
    """What is printed belongs to the object whose thread printed it, else to the object that was busy last."""

    def __init__(self, send):
        super().__init__(send)
        self._local = threading.local()
        self._latest = 0

    def enter(self, kept):
        self._local.kept = self._latest = kept

    def _add_text(self, stream, text):
        self._send({"t": "log", "id": getattr(self._local, "kept", self._latest), "log": [[stream, text]]})


class _Kept:
    """An object and its work that waits."""

    def __init__(self, number, sink):
        self.number = number
        self.made = None
        self._sink = sink
        self._jobs = deque()
        self._changed = threading.Condition()
        self._has_thread = False

    def submit(self, job):
        with self._changed:
            self._jobs.append(job)
            if self._has_thread:
                self._changed.notify()
                return
            self._has_thread = True
        threading.Thread(target=self._work, name="weir-drop-%d" % self.number, daemon=True).start()

    def _work(self):
        self._sink.enter(self.number)
        while True:
            with self._changed:
                if not self._jobs and not self._changed.wait_for(lambda: self._jobs, _LINGER_SECONDS):
                    self._has_thread = False
                    return
                job = self._jobs.popleft()
            job()


class Keeper:
    def __init__(self, reader, writer, options):
        self._reader = reader
        self._writer = writer
        self._sink = KeeperSink(writer.write)
        capture.capture_standard_streams(self._sink)
        self._link = ThreadedLink(writer)
        self._objects = {}
        functions.set_user_paths(options.get("path", []))

    def run(self):
        while True:
            frame = self._reader.read()
            if frame is None:
                return
            header, attachments = frame
            kind = header["t"]
            if kind == "reply":
                self._link.deliver(header, attachments)
            elif kind == "forget":
                self._objects.pop(header["obj"], None)
            else:
                self._submit(header, attachments)

    def _submit(self, header, attachments):
        number = header["obj"]
        kept = self._objects.get(number)
        if kept is None:
            kept = self._objects[number] = _Kept(number, self._sink)
        kept.submit(lambda: self._answer(kept, header, attachments))

    def _answer(self, kept, header, attachments):
        stage = "load" if header["t"] == "make" else "run"
        parts = []
        try:
            if header["t"] == "make":
                answer = self._make(kept, header)
            else:
                value, data = kept.made.do(header["op"], header, attachments[0] if attachments else b"")
                answer = {"ok": True, "v": value}
                if data is not None:
                    parts.append(data)
        except BaseException as error:  # SystemExit of user code ends the call, not the process
            stage = getattr(error, "weir_stage", stage)
            answer, parts = {"ok": False, "error": failures.describe(error, stage)}, []
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except Exception:  # the user closed it
                capture.capture_standard_streams(self._sink)
        self._send(answer, parts, header["id"])

    def _send(self, answer, parts, number):
        answer["t"], answer["id"] = "result", number
        try:
            self._writer.write(answer, parts)
        except (TypeError, ValueError, frames.FrameError) as error:
            described = failures.describe(error, "encode")
            self._writer.write({"t": "result", "id": number, "ok": False, "error": described})

    def _make(self, kept, header):
        calls.enter(header)
        found = apps.load_class(header["cls"])
        link = ObjectLink(self._link, kept.number)
        if header["kind"] == "app":
            kept.made = drops.KeptApp(found, header, link, apps.link_drops)
        else:
            kept.made = drops.KeptData(found, header)
        return {"ok": True, "v": kept.made.about()}

"""Tests of the Python worker's parts that need no Host. Run by test/python/worker.test.ts."""

import array
import contextlib
import io
import os
import pickle
import sys
import tempfile
import unittest

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "resources", "python")
sys.path.insert(0, os.path.abspath(ROOT))
sys.path.append(os.path.join(os.path.abspath(ROOT), "compat"))

from weir_worker import calls, codec, failures, frames, functions, handles, npy, ops  # noqa: E402
from weir_worker.proxies import RemoteDrop  # noqa: E402


class Frames(unittest.TestCase):
    def pipe(self):
        reading, writing = os.pipe()
        self.addCleanup(os.close, reading)
        return frames.FrameReader(reading), frames.FrameWriter(writing), writing

    def test_carry_headers_and_attachments_in_order(self):
        reader, writer, _ = self.pipe()
        writer.write({"t": "x", "text": "\u00e9\n"}, [b"one", b"", b"\x00\xff"])
        writer.write({"t": "y"})
        self.assertEqual(reader.read(), ({"t": "x", "text": "\u00e9\n", "a": [3, 0, 2]}, [b"one", b"", b"\x00\xff"]))
        self.assertEqual(reader.read(), ({"t": "y"}, []))

    def test_tell_the_end_from_a_broken_frame(self):
        reader, writer, fd = self.pipe()
        os.write(fd, b"\x00\x00")
        os.close(fd)
        with self.assertRaises(frames.FrameError):
            reader.read()

    def test_refuse_what_is_too_large(self):
        reader, writer, fd = self.pipe()
        os.write(fd, b"\xff" * 8)
        with self.assertRaisesRegex(frames.FrameError, "larger than allowed"):
            reader.read()

    def test_encode_json_as_the_library_does_and_refuse_nan(self):
        value = {"a": [1, 2.5, None, True, 'q"\\\n\u00e9'], "b": {"c": {}}}
        self.assertEqual(frames._encode(value), frames._plain_encode(value))
        with self.assertRaises(ValueError):
            frames._encode({"x": float("nan")})
        with self.assertRaises(TypeError):
            frames._encode({"x": object()})


class Encodings(unittest.TestCase):
    def test_read_back_what_they_wrote(self):
        for encoding in ("dill", "pickle", "eval"):
            for value in (None, True, 3, 2.5, "x", [1, (2, {"a": {3}})], {"k": b"\xff"}):
                if encoding != "eval" or value != "x":  # text is written as it is, and x is no literal
                    self.assertEqual(codec.decode(codec.encode(value, encoding), encoding), value, encoding)
        self.assertEqual(codec.decode(codec.encode("text", "utf-8"), "utf-8"), "text")
        self.assertEqual(codec.decode(codec.encode("", "eval"), "eval"), None)

    def test_write_protocol_4(self):
        self.assertEqual(codec.encode([1, 2], "dill"), pickle.dumps([1, 2], 4))

    def test_evaluate_literals_only(self):
        with self.assertRaises(codec.EncodingError):
            codec.decode(b"__import__('os').getpid()", "eval")

    def test_give_the_bytes_of_what_is_no_text(self):
        heard = io.StringIO()
        with contextlib.redirect_stderr(heard):
            self.assertEqual(codec.decode(b"\xff", "utf-8", what="the value for 'x'"), b"\xff")
        self.assertRegex(heard.getvalue(), "the value for 'x' is no UTF-8 text")
        self.assertEqual(codec.decode(b"\xff", "binary"), b"\xff")

    def test_write_as_binary_all_that_has_bytes(self):
        values = [(None, b""), ("\u00e9", b"\xc3\xa9"), (bytearray(b"b"), b"b"), (memoryview(b"mv")[::-1], b"vm")]
        values.append((array.array("h", [1, 2]), array.array("h", [1, 2]).tobytes()))
        try:
            import numpy

            grid = numpy.arange(6, dtype="<i2").reshape(2, 3)
            values += [(grid, grid.tobytes()), (grid.T, grid.T.copy().tobytes()), (numpy.float64(1.5), b"\0" * 6 + b"\xf8?")]
            values.append((numpy.array(["2020-01-01"], "M8[D]"), numpy.array([18262]).tobytes()))
            with self.assertRaises(codec.EncodingError):
                codec.encode(numpy.array([None]), "binary")
        except ImportError:
            pass
        for value, data in values:
            self.assertEqual(codec.encode(value, "binary"), data, repr(value))
        for other in (5, [1], {"a": 1}, object()):
            with self.assertRaisesRegex(codec.EncodingError, "takes bytes or text"):
                codec.encode(other, "binary")

    def test_say_which_module_a_pickle_wants(self):
        with self.assertRaisesRegex(codec.EncodingError, "no_such_module_abc"):
            codec.decode(b"cno_such_module_abc\nThing\n.", "pickle")

    def test_take_text_for_text_even_where_it_looks_encoded(self):
        for text in ("", "Hello", "gAAAA", "gAR="):
            self.assertEqual(codec.decode(text.encode(), "dill", True), text if text else None)

    def test_know_plain_values_from_others(self):
        class Thing:
            pass

        for plain in (1, "x", [1] * 1000, {"a": [1, (2,)]}, range(3), {1, 2}):
            self.assertTrue(codec.is_plain(plain), plain)
        for other in (Thing(), [Thing()], {"a": lambda: 1}, Thing, [[Thing()] * 5]):
            self.assertFalse(codec.is_plain(other), other)

    def test_give_every_reader_a_copy_of_what_can_change(self):
        for value in ([1, 2], {"a": 1}, {1}, [[1], [2]], bytearray(b"x")):
            copy = codec.private_copy(value)
            self.assertEqual(copy, value)
            self.assertIsNot(copy, value)
        for value in ("never changes", (1, "a"), frozenset([1])):
            self.assertIs(codec.private_copy(value), value)

    def test_copy_arrays_in_the_order_reading_them_back_gives(self):
        try:
            import numpy
        except ImportError:
            self.skipTest("numpy is not installed for this Python")
        grid = numpy.arange(24).reshape(4, 6)
        for array in (grid, grid.T, numpy.asfortranarray(grid), grid[::2], grid.T[::2], grid[0], numpy.array(3)):
            copy, back = codec.private_copy(array), pickle.loads(pickle.dumps(array))
            self.assertEqual((copy.flags.c_contiguous, copy.flags.fnc), (back.flags.c_contiguous, back.flags.fnc))
            self.assertEqual(codec.encode(copy, "pickle"), codec.encode(array, "pickle"))
            self.assertTrue((copy == array).all())


class Npy(unittest.TestCase):
    VALUES = (5, 2.5, True, [], [1, 2, 3], (1.5, 2), [[1, 2], [3, 4]], [True, False], list(range(100)))

    def test_takes_numbers_and_nothing_else(self):
        for value in self.VALUES:
            data = npy.npy_bytes(value)
            self.assertEqual((len(data[: data.index(b"\n") + 1])) % 64, 0, value)
        for other in ("x", [1, "x"], [[1], [1, 2]], [2**70], None, [1j], {"a": 1}):
            self.assertIsNone(npy.npy_bytes(other), other)

    def test_read_as_lists_what_they_wrote(self):
        for value in self.VALUES:
            self.assertEqual(npy.nested_lists(npy.npy_bytes(value)), list(value) if isinstance(value, tuple) else value)

    def test_read_as_lists_what_numpy_writes(self):
        try:
            import numpy
        except ImportError:
            self.skipTest("numpy is not installed for this Python")
        arrays = [numpy.arange(24).reshape(2, 3, 4), numpy.asfortranarray(numpy.arange(6.0).reshape(2, 3))]
        arrays += [numpy.array([1, 2], kind) for kind in (">i2", "u1", "f2", "f4", "c8", "c16", "bool")]
        arrays += [numpy.zeros((2, 0)), numpy.zeros((0, 2)), numpy.float64(3.5), numpy.zeros((2, 0, 3))]
        for array in arrays:
            out = io.BytesIO()
            numpy.save(out, array)
            self.assertEqual(npy.nested_lists(out.getvalue()), numpy.asarray(array).tolist(), repr(array))
        out = io.BytesIO()
        numpy.save(out, numpy.array(["2026-01-01"], "datetime64[D]"))
        self.assertIsNone(npy.nested_lists(out.getvalue()))

    def test_say_that_numpy_is_missing_for_other_types(self):
        header = b"{'descr': '<M8[D]', 'fortran_order': False, 'shape': (1,), }\n"
        data = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + bytes(8)
        before = codec.numpy_module

        def missing(why):
            raise codec.NeedsPackage("numpy", why)

        codec.numpy_module = missing
        try:
            with self.assertRaisesRegex(codec.NeedsPackage, "'numpy' is not installed for .*pip install numpy"):
                codec.decode(data, "npy")
            self.assertEqual(codec.decode(npy.npy_bytes([[1, 2], [3, 4]]), "npy"), [[1, 2], [3, 4]])
            with self.assertRaisesRegex(codec.EncodingError, "damaged npy data"):
                codec.decode(b"\x93NUMPY\x01\x00\x05\x00{'a'}", "npy")
        finally:
            codec.numpy_module = before

    def test_writes_what_numpy_writes(self):
        try:
            import numpy
        except ImportError:
            self.skipTest("numpy is not installed for this Python")
        for value in self.VALUES:
            out = io.BytesIO()
            numpy.save(out, numpy.array(value))
            self.assertEqual(npy.npy_bytes(value), out.getvalue(), value)


class Handles(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.spilled = []

    def table(self, limit_bytes=100, limit_count=10):
        return handles.HandleTable(limit_bytes, limit_count, lambda handle, files: self.spilled.append((handle, files)))

    def test_write_the_oldest_to_files_when_they_are_too_many(self):
        table = self.table(limit_bytes=100)
        first = table.put([1], 60, ["dill", "eval"], self.folder.name)
        second = table.put([2], 60, ["dill"], self.folder.name)
        self.assertEqual([handle for handle, _ in self.spilled], [first])
        self.assertEqual(sorted(self.spilled[0][1]), ["dill", "eval"])
        self.assertEqual(table.value(first, "eval", "eval", False), [1])
        self.assertEqual(table.encoded(first, "dill"), pickle.dumps([1], 4))
        self.assertEqual(table.value(second, "dill", "pickle", False), [2])
        self.assertEqual(table.stats(), {"count": 2, "live": 1, "bytes": 60})

    def test_use_counts_as_recent(self):
        table = self.table(limit_count=2)
        first, second = (table.put([n], 1, ["dill"], self.folder.name) for n in (1, 2))
        table.value(first, "dill", "dill", False)
        table.put([3], 1, ["dill"], self.folder.name)
        self.assertEqual([handle for handle, _ in self.spilled], [second])

    def test_are_gone_after_a_move_or_a_release(self):
        table = self.table()
        moved, released = (table.put([n], 1, ["dill"], self.folder.name) for n in (1, 2))
        table.value(moved, "dill", "dill", True)
        table.release([released, 99])
        for handle in (moved, released):
            with self.assertRaises(handles.LostHandle):
                table.value(handle, "dill", "dill", False)

    def test_decode_what_was_written_where_the_ports_differ(self):
        table = self.table()
        handle = table.put([1, 2], 1, ["utf-8"], self.folder.name)
        self.assertEqual(table.value(handle, "utf-8", "utf-8", False), "[1, 2]")
        self.assertEqual(table.value(handle, "utf-8", "eval", False), [1, 2])


class Results(unittest.TestCase):
    """What is kept here is what was written, whatever the function's module does with its object afterwards."""

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.table = handles.HandleTable(1 << 20, 10, lambda handle, files: None)
        self.settings = calls.Settings()
        self.settings.keep_from = 100

    def kept(self, value, change, outputs=("dill",), digest=True):
        answer, parts = calls.results(value, outputs, self.table, self.settings, self.folder.name, digest)
        written = codec.encode(value, outputs[0])
        change(value)
        self.assertEqual(self.table.encoded(answer["h"], outputs[0]), written)
        read = self.table.value(answer["h"], outputs[0], "pickle", False)
        self.assertEqual(codec.encode(read, "pickle"), codec.encode(codec.decode(written, "pickle"), "pickle"))
        return answer

    def test_are_apart_from_what_the_code_still_holds(self):
        for digest in (True, False):
            self.kept([0] * 50, lambda value: value.append(1), digest=digest)
            self.kept(dict.fromkeys(range(50)), lambda value: value.clear(), digest=digest)
            self.kept([[n] for n in range(50)], lambda value: value[0].append(1), digest=digest)
            self.kept({"a": list(range(200))}, lambda value: value["a"].clear(), ("pickle", "dill"), digest)

    def test_of_arrays_are_apart_too(self):
        try:
            import numpy
        except ImportError:
            self.skipTest("numpy is not installed for this Python")
        for value in (numpy.zeros(50), numpy.zeros((9, 9))[::2].T):
            self.kept(value, lambda value: value.fill(7))

    def test_are_written_to_files_without_what_raw_outputs_do_not_take(self):
        spilled = []
        table = handles.HandleTable(150, 10, lambda handle, files: spilled.append(sorted(files)))
        for _ in range(2):
            calls.results([0] * 50, ("raw", "dill"), table, self.settings, self.folder.name)
        self.assertEqual(spilled, [["dill"]])


class Functions(unittest.TestCase):
    def test_follow_the_rules_for_names(self):
        for name, expected in (
            ("len", len),
            ("object.__init__", object),
            ("str.upper", str.upper),
            ("os.path.join", os.path.join),
            ("collections.OrderedDict.__class__", __import__("collections").OrderedDict),
        ):
            self.assertIs(functions.resolve(name, None), expected)

    def test_refuse_what_is_no_function(self):
        for name in ("", "no_builtin", "os.sep", "os.", "os.nothing", "no_such_module_abc.f"):
            with self.assertRaises(functions.BadModule, msg=name):
                functions.resolve(name, None)

    def test_read_pickled_code(self):
        import base64

        text = base64.b64encode(pickle.dumps(os.getcwd)).decode()
        self.assertIs(functions.resolve("os.getcwd", text), os.getcwd)
        with self.assertRaisesRegex(functions.BadModule, "func_name says"):
            functions.resolve("other", text)

    def test_record_what_inspect_would_say(self):
        def plain(a, b=2, *rest, c, d=4, **kw):
            pass

        cases = (((1,), {"c": 3}), ((1, 5, 6), {"c": 3, "z": 9}), ((), {"a": 1, "c": 3, "d": 0}))
        for positional, named in cases:
            self.assertEqual(
                calls._plain_values(plain, positional, named),
                calls._signature_values(functions.signature_of(plain), positional, named),
            )


class Failures(unittest.TestCase):
    def test_name_what_an_installed_daliuge_threw_on_without_a_word(self):
        from dlg.exceptions import ErrorManagerCaughtException

        try:
            try:
                raise ValueError("mandatory")
            except ValueError as error:
                raise ErrorManagerCaughtException() from error
        except ErrorManagerCaughtException as caught:
            self.assertEqual(failures.describe(caught, "construct")["message"], "mandatory")

    def test_name_causes(self):
        try:
            try:
                {}["x"]
            except KeyError as inner:
                raise RuntimeError("outer") from inner
        except RuntimeError as error:
            described = failures.describe(error, "run")
        self.assertEqual(described["type"], "RuntimeError")
        self.assertEqual(described["causes"], [{"type": "KeyError", "message": "'x'"}])


class Operations(unittest.TestCase):
    def test_split_nearly_equally(self):
        parts = ops.run_op("scatter", [[1, 2, 3, 4, 5]], {"parts": 3})
        self.assertEqual([list(part) for part in parts], [[1, 2], [3, 4], [5]])
        self.assertEqual(ops.run_op("dict", [1, 2], {"keys": ["a", "b"], "initial": {"c": 3}}), [{"a": 1, "b": 2, "c": 3}])
        self.assertEqual(ops.run_op("average", [[1, 11], [2, 12]], {}), [6.5])
        self.assertEqual(ops.run_op("average", [[1, 11], [2, 12]], {"method": "median"}), [6.5])
        self.assertEqual(ops.run_op("pick", [[]], {}), [None, []])
        with self.assertRaises(ops.BadOperand):
            ops.run_op("scatter", [5], {"parts": 2})


class StandIns(unittest.TestCase):
    """The package `dlg` that user modules import where no DALiuGE is installed."""

    class Link:
        def __init__(self):
            self.asked = []
            self.written = io.BytesIO()

        def ask(self, operation, uid, data=None, **details):
            self.asked.append(operation)
            if operation == "read":
                return None, b"content"[details["offset"] : details["offset"] + details["count"]]
            if operation == "write":
                return self.written.write(data), None
            return {"path": "/x/y.txt", "status": 2}.get(details.get("name")), None

    def test_are_ours_here(self):
        import dlg

        if "compat" not in dlg.__file__:
            self.skipTest("a real DALiuGE is installed for this Python")

    def test_convert_declared_parameters(self):
        from dlg.apps.app_base import BarrierAppDROP
        from dlg.meta import dlg_bool_param, dlg_dict_param, dlg_float_param, dlg_int_param, dlg_list_param

        class App(BarrierAppDROP):
            number = dlg_int_param("", 1)
            real = dlg_float_param("", 0.5)
            flag = dlg_bool_param("", True)
            items = dlg_list_param("", [])
            table = dlg_dict_param("", {})

        app = App("o", "u", number="3", flag="False", items="[1, 2]", applicationArgs={"real": {"value": "2.5"}})
        self.assertEqual((app.number, app.real, app.flag, app.items, app.table), (3, 2.5, False, [1, 2], {}))
        with self.assertRaises(TypeError):
            App("o", "u", table="[1]")

    def test_read_and_write_drops_of_the_host(self):
        from dlg.drop import remote_drop_class
        from dlg.data.drops import DataDROP, FileDROP
        from dlg.data.io import OpenMode
        from dlg.droputils import allDropContents, copyDropContents, DROPFile, has_path, listify

        link = self.Link()
        spec = {"oid": "o", "uid": "u", "hasPath": True, "parameters": {"mine": 1}}
        drop = remote_drop_class("FileDROP")(spec, link)
        self.assertIsInstance(drop, FileDROP)
        self.assertIsInstance(drop, DataDROP)
        self.assertIsInstance(drop, RemoteDrop)
        self.assertEqual((drop.path, drop.dirname, drop.mine, drop.uid), ("/x/y.txt", "/x", 1, "u"))
        self.assertEqual(allDropContents(drop, 3), b"content")
        copyDropContents(drop, drop, 2)
        self.assertEqual(link.written.getvalue(), b"content")
        with DROPFile(drop) as file:
            self.assertEqual(file.read(4), b"cont")
        self.assertEqual(drop.write(5), -3)
        self.assertTrue(has_path(drop))
        opened = drop.getIO()
        with self.assertRaisesRegex(ValueError, "closed and cannot be read"):
            opened.read(1)
        opened.open(OpenMode.OPEN_READ)
        self.assertEqual((opened.read(3), opened.buffer(), opened.isOpened()), (b"con", b"tent", True))
        opened.close()
        written = drop.getIO()
        written.open(OpenMode.OPEN_WRITE)
        written.write(b"!")
        written.close()
        self.assertEqual(link.written.getvalue(), b"content!")
        descriptor = drop.open()
        self.assertEqual((drop.read(descriptor, 3), drop.read(descriptor, -1)), (b"con", b"tent"))
        drop.close(descriptor)
        claiming = RemoteDrop(spec, link)
        claiming.claim(FileDROP)
        self.assertIsInstance(claiming, FileDROP)
        memory = remote_drop_class("Unknown")({"oid": "o", "uid": "u"}, link)
        self.assertFalse(has_path(memory))
        self.assertEqual(listify((1, 2)), [1, 2])

    def test_give_classes_what_their_bases_have(self):
        from dlg.apps.branch import BranchAppDrop
        from dlg.apps.simple import NullBarrierApp
        from dlg.drop import DataDROP, FileDROP, InMemoryDROP, track_current_drop

        class Own(BranchAppDrop, NullBarrierApp):
            def initialize(self, **kwargs):
                super().initialize(**kwargs)
                self.extra, self.other = self._popArg(kwargs, "extra", 1), self._popArg(kwargs, "other", 2)

            @track_current_drop
            def condition(self):
                return self.extra

        own = Own("o", "u", extra=5)
        own.run()
        self.assertEqual((own.condition(), own.other, issubclass(FileDROP, DataDROP)), (5, 2, True))
        source = InMemoryDROP("a", "a", pydata=pickle.dumps(7))
        source.status = 2
        own._inputs, own._outputs = {"a": source}, {"b": object()}
        own.parameters.update(inputs=[{"a": "extra"}, {"a": "port"}], outputs=[{"b": "to"}])
        own._run()
        self.assertEqual((own.extra, own.port, own.to), (7, source, own._outputs["b"]))

    def test_offer_every_import_of_component_modules(self):
        import importlib

        for name in (
            "dlg.apps.simple_functions", "dlg.common", "dlg.data.drops.container", "dlg.data.drops.data_base",
            "dlg.data.drops.directory", "dlg.data.drops.file", "dlg.data.drops.json_drop", "dlg.data.drops.memory",
            "dlg.data.drops.ngas", "dlg.data.drops.parset_drop", "dlg.data.drops.rdbms", "dlg.data.drops.s3_drop",
            "dlg.data.io", "dlg.ddap_protocol", "dlg.drop_loaders", "dlg.exceptions", "dlg.named_port_utils", "dlg.utils",
        ):
            importlib.import_module(name)
        with self.assertRaises(ImportError):
            from dlg.drop import NoSuchDROP  # noqa: F401

    def test_read_json_as_the_graphs_expect(self):
        from dlg.apps.simple_functions import string2json

        self.assertEqual(string2json('["a"]'), ["a"])
        self.assertEqual((string2json(None), string2json("{")), ("", []))
        self.assertEqual(pickle.loads(string2json("", True)), "")


if __name__ == "__main__":
    unittest.main()

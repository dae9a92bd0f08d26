#!/usr/bin/python3
"""stcsim mma as its users run it: arrays that numpy writes go in, numpy reads what comes out. Needs numpy."""

import resource
import unittest

import numpy as np

from end_to_end_test import SOURCE, EndToEnd

HALF = "mma.m16n8k16.f32.f16.f16.f32"
SPARSE = "mma.sp.m16n8k32.f32.f16.f16.f32"
MODELS = ("numerics", "systemc")
RANDOM = np.random.default_rng(3)


class MmaCommand(EndToEnd):
    def save(self, name, array, version=None):
        path = self.folder / name
        with path.open("wb") as file:
            np.lib.format.write_array(file, array, version=version)
        return path

    def arguments(self, instruction, **arrays):
        """Options with these arrays in files of their own."""
        options = ["mma", "--instr", instruction, "--out", self.folder / "d.npy"]
        for name, value in arrays.items():
            options += [f"--{name}", self.save(f"{name}.npy", value) if isinstance(value, np.ndarray) else value]
        return options

    def mma(self, instruction, **arrays):
        """D as the program computes it."""
        self.succeed(*self.arguments(instruction, **arrays))
        return np.load(self.folder / "d.npy")

    def refuse_mma(self, instruction, *expected, **arrays):
        (self.folder / "d.npy").unlink(missing_ok=True)
        arguments = self.arguments(instruction, **arrays)
        message = self.refuse(*arguments)
        for part in expected:
            self.assertIn(part, message)


def zeros(cases, shape, dtype):
    return np.zeros((cases, *shape), dtype)


def bits(shape, dtype):
    """Random bit patterns."""
    return np.frombuffer(RANDOM.bytes(int(np.prod(shape)) * np.dtype(dtype).itemsize), dtype).reshape(shape)


def positions(cases, rows, groups, kept, group, ordered=True):
    """Random distinct positions of `kept` values in each group."""
    drawn = RANDOM.permuted(np.broadcast_to(np.arange(group), (cases, rows, groups, group)), axis=-1)[..., :kept]
    return (np.sort(drawn, axis=-1) if ordered else drawn).reshape(cases, rows, groups * kept).astype(np.uint8)


class NpyFiles(MmaCommand):
    """With A and B zero, D is C (but for -0)."""

    def test_every_version_and_order_that_numpy_writes_is_read(self):
        c = np.abs(RANDOM.standard_normal((5, 16, 8))).astype(np.float32)
        for version in ((1, 0), (2, 0), (3, 0)):
            for order in (np.ascontiguousarray, np.asfortranarray, lambda x: np.asfortranarray(x)[::1]):
                self.save("c.npy", order(c), version)
                d = self.mma(HALF, a=zeros(5, (16, 16), np.uint16), b=zeros(5, (16, 8), np.uint16),
                             c=str(self.folder / "c.npy"))
                np.testing.assert_array_equal(d.view(np.float32), c)

    def test_values_and_raw_bits_of_the_same_width_are_the_same(self):
        a, b = RANDOM.standard_normal((2, 16, 16)), RANDOM.standard_normal((2, 16, 8))
        c = RANDOM.standard_normal((2, 16, 8)).astype(np.float32)
        a, b = a.astype(np.float16), b.astype(np.float16)
        expected = self.mma(HALF, a=a, b=b, c=c)
        self.assertEqual(expected.dtype, np.uint32)
        for half, single in ((np.uint16, np.uint32), (np.int16, np.int32)):
            d = self.mma(HALF, a=a.view(half), b=b.view(half), c=c.view(single))
            np.testing.assert_array_equal(d, expected)

    def test_positions_of_every_integer_type_are_read(self):
        a, b = bits((3, 16, 16), np.uint16) & 0xBBFF, bits((3, 32, 8), np.uint16) & 0xBBFF
        index = positions(3, 16, 8, 2, 4)
        expected = self.mma(SPARSE, a=a, b=b, index=index)
        for dtype in ("i1", "u2", "i2", "u4", "i4", "u8", "i8"):
            np.testing.assert_array_equal(self.mma(SPARSE, a=a, b=b, index=index.astype(dtype)), expected)

    def test_what_is_written_is_what_numpy_would_write(self):
        d = self.mma("mma.m8n8k4.f64.f64.f64.f64", a=zeros(2, (8, 4), "f8"), b=zeros(2, (4, 8), "f8"),
                     c=np.full((2, 8, 8), 1.5))
        self.assertEqual((d.dtype, d.shape), (np.uint64, (2, 8, 8)))
        self.assertEqual((self.folder / "d.npy").read_bytes(), self.save("same.npy", d, (1, 0)).read_bytes())


class ReferenceVectors(MmaCommand):
    def test_every_reference_vector_is_met_by_both_models(self):
        files = sorted((SOURCE / "tests" / "golden").glob("*.npz"))
        self.assertEqual(len(files), 14)
        for file in files:
            vectors = np.load(file)
            arrays = {"a": vectors["A_values" if "A_values" in vectors else "A"], "b": vectors["B"], "c": vectors["C"]}
            if "A_index" in vectors:
                arrays["index"] = vectors["A_index"]
            for model in MODELS:
                with self.subTest(file=file.stem, model=model):
                    d = self.mma(f"mma.{file.stem}", **arrays, model=model)
                    np.testing.assert_array_equal(d, vectors["D"])


class Integers(MmaCommand):
    """Against numpy's integers."""

    CASES = 9

    def operands(self, a_type, b_type, m, n, stored_k, k):
        """A and B over the whole range of their types, and C near the ends of s32."""
        ranges = {"s8": (-128, 128, "i1"), "u8": (0, 256, "u1"), "s4": (-8, 8, "i1"), "u4": (0, 16, "u1")}
        low, high, dtype = ranges[a_type]
        a = RANDOM.integers(low, high, (self.CASES, m, stored_k)).astype(dtype)
        low, high, dtype = ranges[b_type]
        b = RANDOM.integers(low, high, (self.CASES, k, n)).astype(dtype)
        c = RANDOM.choice((0, 1 << 31), (self.CASES, m, n)) + RANDOM.integers(-1000, 1000, (self.CASES, m, n))
        return a, b, c.astype(np.uint32).view(np.int32)

    def check(self, name, a, b, c, full_a):
        exact = full_a.astype(np.int64) @ b.astype(np.int64) + c
        for infix, expected in (("", exact.astype(np.int32)), (".satfinite", np.clip(exact, -2**31, 2**31 - 1))):
            kind, shape, types = name
            d_name = f"{kind}.{shape}{infix}.{types}"
            arrays = {"a": a, "b": b, "c": c}
            if kind != "mma":
                arrays["index"] = self.index
            for model in MODELS:
                with self.subTest(instruction=d_name, model=model):
                    d = self.mma(d_name, **arrays, model=model)
                    self.assertEqual(d.dtype, np.int32)
                    np.testing.assert_array_equal(d, expected)

    def test_dense_products_wrap_or_saturate(self):
        for a_type, b_type, m, k in (("s8", "u8", 16, 32), ("u8", "u8", 8, 16), ("s4", "s4", 16, 64),
                                     ("u4", "s4", 8, 32)):
            a, b, c = self.operands(a_type, b_type, m, 8, k, k)
            self.check(("mma", f"m{m}n8k{k}", f"s32.{a_type}.{b_type}.s32"), a, b, c, a)

    def test_sparse_products_take_their_values_from_the_positions(self):
        for kind in ("mma.sp", "mma.sp::ordered_metadata"):
            for a_type, b_type, k, unit in (("u8", "s8", 64, 1), ("s8", "s8", 32, 1), ("s4", "u4", 128, 2)):
                a, b, c = self.operands(a_type, b_type, 16, 8, k // 2, k)
                group = 4 * unit
                codes = positions(self.CASES, 16, k // group, 2, 4, ordered=kind != "mma.sp")
                self.index = (codes[..., None] * unit + np.arange(unit)).reshape(a.shape).astype(np.uint8)
                first = np.repeat(np.arange(k // group) * group, 2 * unit)
                full = np.zeros((self.CASES, 16, k), np.int64)
                np.put_along_axis(full, self.index + first, a, axis=-1)
                self.check((kind, f"m16n8k{k}", f"s32.{a_type}.{b_type}.s32"), a, b, c, full)

    def test_bits_are_counted_in_either_form(self):
        a, b = RANDOM.integers(0, 2, (4, 16, 256)), RANDOM.integers(0, 2, (4, 256, 8))
        c = bits((4, 16, 8), np.int32)
        packed_a = np.packbits(a, axis=-1, bitorder="little").view(np.uint32)
        packed_b = np.packbits(b.swapaxes(1, 2), axis=-1, bitorder="little").view(np.uint32).swapaxes(1, 2)
        both = a[:, :, :, None], b[:, None, :, :]
        for operation, counted in (("xor", np.bitwise_xor(*both)), ("and", np.bitwise_and(*both))):
            expected = (counted.sum(axis=2) + c.astype(np.int64)).astype(np.int32)
            for one, other in ((a.astype(bool), b.astype(np.uint8)), (packed_a, packed_b)):
                for model in MODELS:
                    d = self.mma(f"mma.m16n8k256.s32.b1.b1.s32.{operation}.popc", a=one, b=other, c=c, model=model)
                    np.testing.assert_array_equal(d, expected)


class Models(MmaCommand):
    def test_words_of_e_give_what_positions_give_under_every_selector(self):
        """f16 m16n8k16: selector s reads lane 4 g + s, row g in the low half, row g + 8 in the high half."""
        name = "mma.sp.m16n8k16.f32.f16.f16.f32"
        a, b = bits((6, 16, 8), np.uint16), bits((6, 16, 8), np.uint16)
        index = positions(6, 16, 4, 2, 4, ordered=False)
        expected = self.mma(name, a=a, b=b, index=index)
        words = (index.astype(np.uint32) << np.arange(0, 16, 2, dtype=np.uint32)).sum(axis=-1).astype(np.uint32)
        for selector in range(4):
            meta = bits((6, 32), np.uint32).copy()
            meta[:, selector::4] = words[:, :8] | words[:, 8:] << np.uint32(16)
            for model in MODELS:
                d = self.mma(name, a=a, b=b, meta=meta, selector=str(selector), model=model)
                np.testing.assert_array_equal(d, expected)

    def test_another_gpu_computes_the_same(self):
        a, b = bits((2, 16, 16), np.uint16), bits((2, 16, 8), np.uint16)
        expected = self.mma(HALF, a=a, b=b)
        np.testing.assert_array_equal(self.mma(HALF, a=a, b=b, model="systemc", gpu="a100-dense-only"), expected)


class Speed(MmaCommand):
    def test_ten_thousand_instructions_take_less_than_two_seconds_of_one_core(self):
        a, b = (RANDOM.standard_normal((10000, 16, n)).astype(np.float16) for n in (16, 8))
        arguments = self.arguments(HALF, a=a, b=b, c=RANDOM.standard_normal((10000, 16, 8)).astype(np.float32))
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        self.succeed(*arguments)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        self.assertLess(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, 2)


class BadArrays(MmaCommand):
    A, B = zeros(2, (16, 16), np.float16), zeros(2, (16, 8), np.float16)

    def test_files_that_numpy_writes_but_no_operand_is(self):
        objects = np.empty((2, 16, 16), object)
        structured = np.zeros((2, 16, 16), [("x", "<f4")])
        for array, part in ((self.A.astype(">f2"), "the big-endian type '>f2'"),
                            (structured, "a structured type"),
                            (self.A.astype("U3"), "an array of strings ('<U3')"),
                            (self.A.astype(complex), "an array of complex numbers ('<c16')"),
                            (self.A.astype(np.float32), "elements of type float32, expected uint16 or float16")):
            self.refuse_mma(HALF, "--a ", "a.npy: found " + part, a=array, b=self.B)
        np.save(self.folder / "objects.npy", objects, allow_pickle=True)
        self.refuse_mma(HALF, "an array of Python objects ('|O')", a=str(self.folder / "objects.npy"), b=self.B)
        np.savez(self.folder / "two.npz", a=self.A, b=self.B)
        self.refuse_mma(HALF, "a zip archive, perhaps .npz", a=str(self.folder / "two.npz"), b=self.B)

    def test_files_that_are_cut_or_too_long(self):
        whole = self.save("whole.npy", self.A).read_bytes()
        for content, part in ((b"", "an empty file"), (whole[:50], "a header of 118 bytes in a file of 50"),
                              (whole[:-1], "1023 bytes of data, expected 1024, as the shape (2, 16, 16) of float16"),
                              (whole + b"x", "1025 bytes of data, expected 1024"),
                              (whole.replace(b"\x93NUMPY\x01", b"\x93NUMPY\x07"), "version 7.0")):
            self.refuse_mma(HALF, f"--a {self.folder}/cut.npy: found {part}", a=str(self.write("cut.npy", content)),
                            b=self.B)

    def test_sizes_that_do_not_match(self):
        self.refuse_mma(HALF, "--a ", "the shape (2, 16, 8), expected (cases, 16, 16)", a=self.A[:, :, :8], b=self.B)
        self.refuse_mma(HALF, "--b ", "found 1 cases, expected 2, as --a ", a=self.A, b=self.B[:1])
        self.refuse_mma(HALF, "--c ", "the shape (2, 8, 8), expected (cases, 16, 8)", a=self.A, b=self.B,
                        c=zeros(2, (8, 8), np.float32))
        self.refuse_mma(HALF, "--a ", "a batch of 0 cases", a=self.A[:0], b=self.B[:0])

    def test_positions_that_are_illegal_are_named_with_their_index(self):
        ordered = SPARSE.replace("mma.sp", "mma.sp::ordered_metadata")
        b = zeros(2, (32, 8), np.float16)
        index = positions(2, 16, 8, 2, 4)
        for name, pair, part in ((SPARSE, (0, 4), "position 4 at [1,3,13], expected 0 to 3"),
                                 (SPARSE, (-1, 2), "position -1 at [1,3,12], expected 0 to 3"),
                                 (SPARSE, (2, 2), "both values of a group at position 2 at [1,3,12]"),
                                 (ordered, (3, 1), "values of a group at positions 3, 1 at [1,3,12], expected ascending")):
            wrong = index.astype(np.int8)
            wrong[1, 3, 12:14] = pair
            self.refuse_mma(name, "--index ", part, a=self.A, b=b, index=wrong)
        self.refuse_mma(SPARSE, "--meta ", "the bits 0x0 for row 0, group 0 at [0,0]", a=self.A, b=b,
                        meta=zeros(2, (32,), np.uint32))

    def test_small_values_outside_their_type_are_named_with_their_index(self):
        a = zeros(2, (16, 64), np.int8)
        a[1, 2, 3] = 8
        self.refuse_mma("mma.m16n8k64.s32.s4.s4.s32", "--a ", "8 at [1,2,3], expected -8 to 7", a=a,
                        b=zeros(2, (64, 8), np.int8))


if __name__ == "__main__":
    unittest.main()

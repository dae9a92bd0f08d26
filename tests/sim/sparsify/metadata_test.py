#!/usr/bin/python3
"""`stcsim sparsify compress`, `expand` and `reorder` as their users run them."""

import unittest

import numpy as np

from sparsify_case import PATTERNS, TYPES, SparsifyCase, random_matrix

# mma.sp instructions of each type and the selectors they have.
INSTRUCTIONS = {
    "f16": (("mma.sp.m16n8k16.f32.f16.f16.f32", 4), ("mma.sp.m16n8k32.f16.f16.f16.f16", 2)),
    "bf16": (("mma.sp.m16n8k16.f32.bf16.bf16.f32", 4), ("mma.sp.m16n8k32.f32.bf16.bf16.f32", 2)),
    "tf32": (("mma.sp.m16n8k8.f32.tf32.tf32.f32", 4), ("mma.sp.m16n8k16.f32.tf32.tf32.f32", 2)),
    "s8": (("mma.sp.m16n8k32.s32.s8.s8.s32", 2), ("mma.sp.m16n8k64.s32.s8.u8.s32", 1)),
    "u8": (("mma.sp.m16n8k32.s32.u8.u8.s32", 2), ("mma.sp.m16n8k64.s32.u8.u8.s32", 1)),
    "s4": (("mma.sp.m16n8k64.s32.s4.s4.s32", 2), ("mma.sp.m16n8k128.s32.s4.s4.s32", 1)),
    "u4": (("mma.sp.m16n8k64.s32.u4.u4.s32", 2), ("mma.sp.m16n8k128.s32.u4.u4.s32", 1)),
}
ORDERS = ("codes", "row-major", "reordered", "reordered-along-k")


def element_bits(dtype):
    return 16 if dtype in ("f16", "bf16", "tf32") else 32


def packed(codes, dtype):
    """Metadata elements [rows, elements] of codes, as the PTX ISA describes them; the last one padded."""
    rows = codes.shape[0]
    if dtype == "tf32":
        nibbles = np.where(codes == 0, 0x4, 0xE)
    else:
        nibbles = codes[:, 0::2] | codes[:, 1::2] << 2
    groups = element_bits(dtype) // 4
    padding = np.full((rows, -nibbles.shape[1] % groups), 4)
    nibbles = np.concatenate([nibbles, padding], 1).astype(np.uint64).reshape(rows, -1, groups)
    elements = (nibbles << (4 * np.arange(groups, dtype=np.uint64))).sum(-1)
    return elements.astype(np.uint16 if groups == 4 else np.uint32)


def in_memory_order(elements, along_k):
    """[padded rows, padded elements] in the order that ldmatrix wants: blocks of 32 words for the 32 lanes."""
    wide = elements.dtype == np.uint32
    block_rows = 16 if wide else 32
    rows, columns = elements.shape
    shape = (-(-rows // block_rows) * block_rows, -(-columns // 2) * 2)
    whole = np.full(shape, 0x44444444 if wide else 0x4444, elements.dtype)
    whole[:rows, :columns] = elements
    blocks = [(w, p) for w in range(shape[0] // block_rows) for p in range(shape[1] // 2)]
    out = []
    for w, p in blocks if along_k else sorted(blocks, key=lambda block: block[::-1]):
        block = whole[w * block_rows:(w + 1) * block_rows, 2 * p:2 * p + 2]
        for lane in range(32):
            g, t = divmod(lane, 4)
            if wide:
                out.append(block[g + 8 * (t % 2), t // 2])
            else:
                out += [block[16 * (t // 2) + g, t % 2], block[16 * (t // 2) + g + 8, t % 2]]
    return np.array(out, elements.dtype).reshape(shape)


class MetadataCase(SparsifyCase):
    def pruned(self, dtype, rows, columns):
        """A matrix that meets the pattern of its type, saved as w.npy."""
        self.save("w.npy", random_matrix(dtype, rows, columns))
        self.succeed("prune", "--in", "w.npy", "--dtype", dtype, "--out", "w.npy")
        return self.load("w.npy")

    def compress(self, dtype, *options):
        self.succeed("compress", "--in", "w.npy", "--dtype", dtype, "--values", "v.npy", *options)

    def codes(self, dtype, rows, columns):
        """Codes of a pruned matrix, saved as codes.npy."""
        self.pruned(dtype, rows, columns)
        self.compress(dtype, "--metadata", "codes.npy", "--order", "codes")
        return self.load("codes.npy")

    def reorder(self, source, target, *options):
        self.succeed("reorder", "--metadata", f"{source}.npy", "--from", source, "--to", target, "--out",
                     f"{target}.npy", *options)
        return self.load(f"{target}.npy")


class Compress(MetadataCase):
    def test_stores_what_stays_in_ascending_positions(self):
        for dtype, (_, pattern) in TYPES.items():
            with self.subTest(dtype=dtype):
                group, kept, unit = PATTERNS[pattern]
                matrix = self.pruned(dtype, 7, 80)
                self.compress(dtype, "--metadata", "c.npy", "--order", "codes", "--index", "i.npy")
                values, index, codes = self.load("v.npy"), self.load("i.npy"), self.load("c.npy")
                self.assertEqual((values.dtype, index.dtype, codes.dtype), (matrix.dtype, np.uint8, np.uint8))
                self.assertEqual((values.shape, index.shape, codes.shape), ((7, 40), (7, 40), (7, 40 // unit)))
                grouped = index.reshape(7, -1, kept * unit)
                self.assertTrue((np.diff(grouped.astype(int), axis=-1) > 0).all())
                self.same(np.take_along_axis(matrix.reshape(7, -1, group), grouped, -1).reshape(7, 40), values)
                if unit == 1:
                    self.same(codes, index)
                else:
                    self.same(np.stack([2 * codes, 2 * codes + 1], -1).reshape(7, 40), index)

    def test_expanding_gives_the_matrix_back(self):
        for dtype in TYPES:
            matrix = self.pruned(dtype, 5, 48)
            self.compress(dtype, "--index", "i.npy")
            self.succeed("expand", "--values", "v.npy", "--dtype", dtype, "--index", "i.npy", "--out", "back.npy")
            self.same(self.load("back.npy"), matrix)
            for order in ORDERS:
                with self.subTest(dtype=dtype, order=order):
                    self.compress(dtype, "--metadata", "e.npy", "--order", order)
                    self.succeed("expand", "--values", "v.npy", "--dtype", dtype, "--metadata", "e.npy", "--order",
                                 order, "--out", "back.npy")
                    self.same(self.load("back.npy"), matrix)

    def test_minus_zero_comes_back_where_there_is_room(self):
        matrix = np.array([[-0.0, 1, 2, 0, 0, -0.0, -0.0, -0.0, 0, -0.0, 3, 0]], np.float16)
        expected = np.array([[0, 1, 2, 0, 0, -0.0, -0.0, 0, 0, -0.0, 3, 0]], np.float16)
        self.save("w.npy", matrix)
        self.compress("f16", "--index", "i.npy")
        self.same(self.load("i.npy"), np.array([[1, 2, 1, 2, 1, 2]], np.uint8))
        self.succeed("expand", "--values", "v.npy", "--index", "i.npy", "--out", "back.npy")
        self.same(self.load("back.npy"), expected)

    def test_a_file_of_many_blocks_is_as_a_whole(self):
        matrix = self.pruned("s8", 3000, 1000).reshape(3, 1000, 1000)
        self.save("w.npy", matrix)
        for order in ("row-major", "reordered"):
            self.compress("s8", "--metadata", "e.npy", "--order", order, "--index", "i.npy")
            index, values = self.load("i.npy"), self.load("v.npy")
            self.assertEqual(index.shape, (3, 1000, 500))
            elements = packed(index.reshape(3000, -1), "s8")
            expected = in_memory_order(elements, False) if order == "reordered" else elements.reshape(3, 1000, -1)
            self.same(self.load("e.npy"), expected)
            self.same(np.take_along_axis(matrix.reshape(3, 1000, -1, 4), index.reshape(3, 1000, -1, 2), -1).ravel(),
                      values.ravel())
            self.succeed("expand", "--values", "v.npy", "--metadata", "e.npy", "--order", order, "--out", "back.npy")
            self.same(self.load("back.npy"), matrix)

    def test_a_matrix_that_does_not_meet_the_pattern_is_refused_with_its_place(self):
        matrix = np.zeros((2, 1500, 1000), np.float16)
        matrix[1, 1400, 96:99] = 1
        message = self.refuse("compress", "--in", self.save("w.npy", matrix), "--values", "v.npy", "--index", "i.npy")
        self.assertIn("3 non-zeros in row 2900, group 24 (from [1,1400,96])", message)


class Reorder(MetadataCase):
    def test_every_order_is_as_described(self):
        for dtype in TYPES:
            with self.subTest(dtype=dtype):
                codes = self.codes(dtype, 40, 144)
                elements = packed(codes, dtype)
                self.same(self.reorder("codes", "row-major", "--dtype", dtype), elements)
                self.same(self.reorder("codes", "reordered", "--dtype", dtype), in_memory_order(elements, False))
                self.same(self.reorder("codes", "reordered-along-k", "--dtype", dtype), in_memory_order(elements, True))

    def test_every_order_leads_back_to_the_codes(self):
        for dtype in TYPES:
            codes = self.codes(dtype, 40, 144)
            size = ("--dtype", dtype, "--rows", 40, "--k", 144)
            for source in ORDERS[1:]:
                for target in ORDERS[1:]:
                    with self.subTest(dtype=dtype, source=source, target=target):
                        self.reorder("codes", source, "--dtype", dtype)
                        self.reorder(source, target, *size)
                        self.same(self.reorder(target, "codes", *size), codes)

    def test_lanes_lead_back_to_the_codes(self):
        for dtype, instructions in INSTRUCTIONS.items():
            codes = self.codes(dtype, 40, 144)
            for name, selectors in instructions:
                for selector in range(selectors):
                    with self.subTest(instruction=name, selector=selector):
                        options = ("--instr", name, "--selector", selector, "--rows", 40, "--k", 144)
                        lanes = self.reorder("codes", "lanes", *options)
                        self.assertEqual((lanes.dtype, lanes.shape[1]), (np.uint32, 32))
                        self.same(self.reorder("lanes", "codes", *options), codes)

    def test_lanes_hold_what_the_instruction_reads(self):
        g = np.arange(8)
        elements = packed(self.codes("f16", 32, 64), "f16")
        lanes = self.reorder("codes", "lanes", "--instr", INSTRUCTIONS["f16"][1][0], "--selector", 1)
        # Instruction 3: rows 16 to 31, the second 32 columns; lanes 4 g + 2 and 4 g + 3 of each quad.
        for word in (0, 1):
            self.same(lanes[3, 4 * g + 2 + word].astype(np.uint16), elements[16 + g, 2 + word])
            self.same((lanes[3, 4 * g + 2 + word] >> 16).astype(np.uint16), elements[24 + g, 2 + word])
        elements = packed(self.codes("s8", 32, 128), "s8")
        lanes = self.reorder("codes", "lanes", "--instr", INSTRUCTIONS["s8"][1][0])
        for t in range(4):
            self.same(lanes[3, 4 * g + t], elements[16 + g + 8 * (t % 2), 2 + t // 2])

    def test_words_of_32_bits_and_signed_arrays_are_read_too(self):
        codes = self.codes("f16", 32, 64)
        reordered = self.reorder("codes", "reordered", "--dtype", "f16")
        for array in (reordered.view(np.int16), reordered.view(np.uint32), reordered.view(np.int32).ravel()):
            self.save("reordered.npy", array)
            back = self.reorder("reordered", "codes", "--dtype", "f16", "--rows", 32, "--k", 64)
            self.same(back, codes)

    def test_descending_codes_are_legal(self):
        self.save("codes.npy", np.array([[3, 1, 0, 2]], np.uint8))
        self.same(self.reorder("codes", "row-major", "--dtype", "f16"), np.array([[0x4487]], np.uint16))


class BadMetadata(MetadataCase):
    def test_illegal_codes_are_refused_with_row_and_group(self):
        for dtype in ("f16", "s8", "s4"):
            codes = self.codes(dtype, 40, 144)
            name = INSTRUCTIONS[dtype][1][0]
            size = ("--rows", 40, "--k", 144)
            arrays = {order: self.reorder("codes", order, "--dtype", dtype) for order in ORDERS[1:]}
            arrays["lanes"] = self.reorder("codes", "lanes", "--instr", name)
            arrays["codes"] = codes
            for order, array in arrays.items():
                with self.subTest(dtype=dtype, order=order):
                    self.save("bad.npy", self.spoiled(array, order, codes, dtype))
                    options = ("--instr", name) if order == "lanes" else ("--dtype", dtype)
                    target = "row-major" if order == "codes" else "codes"
                    message = self.refuse("reorder", "--metadata", "bad.npy", "--from", order, "--to", target, "--out",
                                          "o.npy", *options, *size)
                    self.assertIn("row 37, group 5", message)

    def spoiled(self, array, order, codes, dtype):
        """The array with code 3 twice in row 37, group 5."""
        codes = codes.copy()
        codes[37, 10:12] = 3
        if order == "codes":
            return codes
        elements = packed(codes, dtype)
        if order == "row-major":
            return elements
        if order != "lanes":
            return in_memory_order(elements, order == "reordered-along-k")
        return self.lanes_with(array, codes, dtype)

    def lanes_with(self, lanes, codes, dtype):
        lanes = lanes.copy()
        elements = packed(codes, dtype)
        steps = lanes.shape[0] // 3
        word = 5 // (element_bits(dtype) // 4)
        # Row 37 is row 5 of the third 16 rows; group 5 is in the first step.
        lane = 4 * 5 + (word if element_bits(dtype) == 16 else 2 * word)
        other = lanes[2 * steps, lane] & np.uint32(0xFFFF0000) if element_bits(dtype) == 16 else np.uint32(0)
        lanes[2 * steps, lane] = other | np.uint32(elements[37, word])
        return lanes

    def test_tf32_knows_two_nibbles(self):
        self.save("row-major.npy", np.array([[0xE4E4], [0xE4C4]], np.uint16))
        message = self.refuse("reorder", "--metadata", "row-major.npy", "--dtype", "tf32", "--from", "row-major",
                              "--to", "codes", "--out", "o.npy")
        self.assertIn("0xc of row 1, group 1", message)

    def test_an_index_that_does_not_fit_is_refused_with_its_place(self):
        self.save("v.npy", np.ones((2, 4), np.int8))
        for dtype, index, expected in (("s8", [[0, 1, 0, 1], [0, 1, 2, 4]], "4 at [1,3]"),
                                       ("s8", [[0, 1, 0, 1], [0, 1, 2, 2]], "row 1, group 1"),
                                       ("s4", [[0, 1, 2, 3], [0, 1, 4, 6]], "6 at [1,3]"),
                                       ("s4", [[0, 1, 2, 3], [0, 1, 0, 1]], "row 1, group 0"),
                                       ("s8", [[0, -1, 0, 1], [0, 1, 2, 3]], "-1 at [0,1]"),
                                       ("s8", [[0, 1], [0, 1]], "shape (2, 2)"),
                                       ("s8", [[0, 1, 0, 1]], "shape (1, 4)")):
            with self.subTest(dtype=dtype, index=index):
                self.save("i.npy", np.array(index))
                message = self.refuse("expand", "--values", "v.npy", "--dtype", dtype, "--index", "i.npy", "--out",
                                      "o.npy")
                self.assertIn(expected, message)
                self.assertIn("--index i.npy", message)

    def test_places_in_later_blocks_are_those_of_the_file(self):
        self.save("v.npy", np.ones((3000, 512), np.int8))
        codes = np.tile(np.array([0, 1], np.uint8), (3000, 256))
        codes[2900, 6:8] = 3
        for order, array in (("codes", codes), ("row-major", packed(codes, "s8"))):
            message = self.refuse("expand", "--values", "v.npy", "--metadata", self.save("e.npy", array), "--order",
                                  order, "--out", "o.npy")
            self.assertIn("row 2900, group 3", message)
        codes[2900, 7] = 4
        self.save("e.npy", codes)
        for option in (("--metadata", "e.npy", "--order", "codes"), ("--index", "e.npy")):
            message = self.refuse("expand", "--values", "v.npy", *option, "--out", "o.npy")
            self.assertIn("4 at [2900,7]", message)
        index = np.tile(np.arange(4), (3000, 128))
        index[2900, 6] = 3
        self.save("i.npy", index)
        pairs = ("expand", "--values", "v.npy", "--dtype", "s4", "--index", "i.npy", "--out", "o.npy")
        self.assertIn("3 at [2900,6]", self.refuse(*pairs))

    def test_metadata_that_does_not_fit_is_refused(self):
        self.save("v.npy", np.ones((4, 16), np.float16))
        for order, array in (("row-major", np.zeros((4, 2), np.uint32)),
                             ("row-major", np.full((4, 3), 0x4444, np.uint16)),
                             ("row-major", np.full((5, 2), 0x4444, np.uint16)),
                             ("codes", np.zeros((4, 16), np.float32)), ("codes", np.full((4, 16), 4)),
                             ("reordered", np.full((16, 2), 0x4444, np.uint16)),
                             ("reordered", np.full((32, 2), 0x4444, np.int64)),
                             ("reordered", np.zeros((32, 2), np.uint16))):
            with self.subTest(order=order, shape=array.shape, dtype=array.dtype):
                message = self.refuse("expand", "--values", "v.npy", "--metadata", self.save("e.npy", array), "--order",
                                      order, "--out", "o.npy")
                self.assertIn("--metadata e.npy", message)

    def test_usage(self):
        self.save("w.npy", np.zeros((4, 8), np.float32))
        self.save("e.npy", np.full((4, 1), 0x4444, np.uint16))
        compress = ("compress", "--in", "w.npy", "--values", "v.npy")
        reorder = ("reorder", "--metadata", "e.npy", "--dtype", "f16", "--out", "o.npy")
        lanes = ("--from", "row-major", "--to", "lanes")
        sparse = "mma.sp.m16n8k16.f32.f16.f16.f32"
        for arguments in (compress, (*compress, "--index", "i.npy", "--order", "codes"),
                          (*compress, "--metadata", "e2.npy", "--order", "lanes"), (*compress, "--index", "v.npy"),
                          (*compress, "--index", "i.npy", "--dtype", "f32"), (*compress, "--metadata", "no/e.npy"),
                          ("expand", "--values", "w.npy", "--out", "o.npy"),
                          ("expand", "--values", "w.npy", "--out", "o.npy", "--index", "e.npy", "--metadata", "e.npy"),
                          reorder, (*reorder, "--from", "rows", "--to", "codes"), (*reorder, *lanes),
                          (*reorder, *lanes, "--instr", "mma.m16n8k16.f32.f16.f16.f32"),
                          (*reorder, *lanes, "--instr", sparse, "--selector", "4"),
                          (*reorder, *lanes, "--instr", sparse.replace("16.f16", "16.bf16")),
                          (*reorder, *lanes, "--instr", "mma.sp.m16n8k32.f32.bf16.bf16.f32"),
                          (*reorder, "--from", "lanes", "--to", "codes", "--instr", sparse),
                          (*reorder, "--from", "codes", "--to", "row-major", "--instr", sparse),
                          (*reorder, "--from", "codes", "--to", "row-major", "--selector", "1"),
                          (*reorder, "--from", "row-major", "--to", "codes", "--k", "18"),
                          (*reorder, "--from", "row-major", "--to", "codes", "--rows", "5")):
            with self.subTest(arguments=arguments):
                self.refuse(*arguments)


if __name__ == "__main__":
    unittest.main()

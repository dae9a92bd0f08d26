#!/usr/bin/python3
"""`stcsim sparsify prune` and `check` as their users run them."""

import re
import unittest

import numpy as np

from sparsify_case import PATTERNS, TYPES, SparsifyCase, magnitudes, most_kept, random_matrix, unit_magnitudes


def shares(text):
    return [float(share) for share in re.findall(r"kept share: (\d\.\d+)", text)]


class Prune(SparsifyCase):
    def test_keeps_as_much_as_any_choice_could_and_passes_the_check(self):
        for dtype in (*TYPES, "f32"):
            for pattern in PATTERNS:
                with self.subTest(dtype=dtype, pattern=pattern):
                    matrix = random_matrix(dtype, 9, 48)
                    options = ("--dtype", dtype, "--pattern", pattern)
                    out = self.succeed("prune", "--in", self.save("w.npy", matrix), "--out", "p.npy", *options)
                    pruned = self.load("p.npy")
                    self.assertTrue(((pruned == matrix) | (pruned == 0)).all())
                    kept, all_of_it = magnitudes(pruned, dtype).sum(), magnitudes(matrix, dtype).sum()
                    most = most_kept(matrix, dtype, pattern)
                    # float32 as tf32 is compared without its low 13 bits.
                    self.assertAlmostEqual(kept / most, 1, places=3 if dtype == "tf32" else 12)
                    self.assertAlmostEqual(shares(out)[0], kept / all_of_it, places=3 if dtype == "tf32" else 6)
                    self.succeed("check", "--in", "p.npy", *options)

    def test_the_type_and_pattern_follow_from_the_array(self):
        for dtype, (array, pattern) in TYPES.items():
            if dtype in ("bf16", "s4", "u4"):
                continue
            matrix = random_matrix(dtype, 3, 16)
            out = self.succeed("prune", "--in", self.save("w.npy", matrix), "--out", "p.npy")
            self.assertIn(f"3 x 16 {dtype} pruned to {pattern}\n", out)
            self.assertEqual(self.load("p.npy").dtype, array)

    def test_more_axes_are_rows_and_one_axis_is_a_row(self):
        matrix = random_matrix("f16", 24, 16)
        self.succeed("prune", "--in", self.save("w.npy", matrix), "--out", "p.npy")
        expected = self.load("p.npy")
        for shape in ((2, 3, 4, 16), (24, 1, 16), (384,)):
            for order in "CF":
                with self.subTest(shape=shape, order=order):
                    self.save("s.npy", np.asarray(matrix.reshape(shape), order=order))
                    self.succeed("prune", "--in", "s.npy", "--out", "p.npy")
                    self.same(self.load("p.npy"), expected.reshape(shape))

    def test_a_file_of_many_blocks_is_pruned_as_a_whole(self):
        for shape, order in (((3000, 1000), "C"), ((5, 600_000), "C"), ((1, 3000, 1000), "C"), ((3, 1000, 1000), "F"),
                             ((2000, 3, 500), "F")):
            with self.subTest(shape=shape, order=order):
                matrix = random_matrix("f16", 3000, 1000).reshape(shape)
                units = unit_magnitudes(matrix.reshape(-1, shape[-1]), "f16", "2:4")
                # A unit stays if fewer than two of its group are larger, or equal and before it.
                larger = units[..., None, :] > units[..., :, None]
                equal_before = (units[..., None, :] == units[..., :, None]) & np.tri(4, k=-1, dtype=bool)
                stays = ((larger | equal_before).sum(-1) < 2).reshape(shape)
                self.save("w.npy", np.asarray(matrix, order=order))
                out = self.succeed("prune", "--in", "w.npy", "--out", "p.npy")
                pruned = self.load("p.npy")
                self.same(pruned + np.float16(0), np.where(stays, matrix, np.float16(0)) + np.float16(0))
                kept = magnitudes(pruned, "f16").sum() / magnitudes(matrix, "f16").sum()
                self.assertAlmostEqual(shares(out)[0], kept, places=6)

    def test_a_file_can_be_pruned_in_place(self):
        self.save("w.npy", random_matrix("f16", 4, 16))
        self.succeed("prune", "--in", "w.npy", "--out", "w.npy")
        self.succeed("check", "--in", "w.npy")

    def test_minus_zero_stays_where_there_is_room(self):
        row = np.array([[-0.0, 1, -0.0, 0, 0, 2, 3, -0.0]], np.float16)
        self.succeed("prune", "--in", self.save("w.npy", row), "--out", "p.npy")
        self.same(self.load("p.npy"), np.array([[-0.0, 1, 0, 0, 0, 2, 3, 0]], np.float16))

    def test_nan_stays_and_is_reported(self):
        row = np.array([[np.inf, -np.inf, np.nan, 5]], np.float16)
        out = self.succeed("prune", "--in", self.save("w.npy", row), "--out", "p.npy")
        self.assertTrue(np.isnan(self.load("p.npy")[0, 2]))
        self.assertIn("3 NaN or infinite elements", out)

    def test_an_array_without_rows_stays_one(self):
        self.succeed("prune", "--in", self.save("w.npy", np.zeros((0, 8), np.float16)), "--out", "p.npy")
        self.assertEqual(self.load("p.npy").shape, (0, 8))


class Permute(SparsifyCase):
    def permute(self, matrix, *options):
        out = self.succeed("prune", "--in", self.save("w.npy", matrix), "--out", "p.npy", "--permute",
                           "--permutation", "i.npy", *options)
        return self.load("p.npy"), self.load("i.npy"), shares(out)

    def test_is_a_bijection_and_keeps_what_is_reported(self):
        for dtype, pattern in (("f16", "2:4"), ("tf32", "1:2"), ("s4", "4:8"), ("f32", "2:4"), ("u8", "1:2")):
            with self.subTest(dtype=dtype):
                matrix = random_matrix(dtype, 40, 64)
                pruned, permutation, (before, after) = self.permute(matrix, "--dtype", dtype, "--pattern", pattern)
                self.assertEqual(permutation.dtype, np.int64)
                self.assertEqual(sorted(permutation), list(range(64)))
                all_of_it = magnitudes(matrix, dtype).sum()
                self.assertTrue(((pruned == matrix[:, permutation]) | (pruned == 0)).all())
                digits = 3 if dtype == "tf32" else 6
                self.assertAlmostEqual(before, most_kept(matrix, dtype, pattern) / all_of_it, places=digits)
                self.assertAlmostEqual(after, magnitudes(pruned, dtype).sum() / all_of_it, places=digits)
                self.assertGreater(after, before)
                self.succeed("check", "--in", "p.npy", "--dtype", dtype, "--pattern", pattern)

    def test_never_keeps_less(self):
        for seed in range(12):
            matrix = random_matrix("s8", 1 + seed % 3, 16, seed)
            _, _, (before, after) = self.permute(matrix)
            self.assertGreaterEqual(after, before)

    def test_leaves_the_product_as_it_was(self):
        # Columns 0 and 1 of each group of four zero, crowded together: the permutation loses nothing.
        crowded = random_matrix("s8", 16, 32)
        crowded[:, 16:] = 0
        other = random_matrix("s8", 32, 8, 2).astype(np.int64)
        pruned, permutation, (before, after) = self.permute(crowded)
        self.assertLess(before, 1)
        self.assertEqual(after, 1)
        self.assertTrue((pruned.astype(np.int64) @ other[permutation] == crowded.astype(np.int64) @ other).all())

    def test_gives_the_same_every_time(self):
        matrix = random_matrix("f16", 64, 64)
        first = self.permute(matrix)[1]
        self.same(self.permute(matrix)[1], first)

    def test_says_when_the_permutation_is_lost(self):
        self.save("w.npy", random_matrix("f16", 4, 8))
        out = self.succeed("prune", "--in", "w.npy", "--out", "p.npy", "--permute")
        self.assertIn("--permutation", out)

    def test_refuses_what_cannot_be_compared(self):
        matrix = random_matrix("f16", 6, 8).reshape(2, 3, 8)
        for value, name in ((np.nan, "NaN"), (-np.inf, "infinity")):
            matrix[1, 2, 5] = value
            message = self.refuse("prune", "--in", self.save("w.npy", matrix), "--out", "p.npy", "--permute")
            self.assertIn(name, message)
            self.assertIn("[1,2,5]", message)


class Check(SparsifyCase):
    def test_names_row_and_group_of_each_violation(self):
        matrix = np.zeros((2, 3, 16), np.float16)
        matrix[0, 1, 4:7] = 1
        matrix[1, 2, 12:16] = -1
        matrix[1, 2, 0:4] = -0.0
        done = self.sparsify("check", "--in", self.save("w.npy", matrix))
        self.assertEqual(done.returncode, 1)
        lines = done.stdout.decode().splitlines()
        self.assertEqual(lines[:2], ["3 non-zeros in row 1, group 1 (from [0,1,4])",
                                     "4 non-zeros in row 5, group 3 (from [1,2,12])"])
        self.assertIn("2 of 24 groups", lines[2])

    def test_lists_up_to_the_limit_and_counts_the_rest(self):
        self.save("w.npy", np.ones((3000, 1000), np.int8))
        for limit, lines in ((0, 1), (5, 7), (20, 22)):
            done = self.sparsify("check", "--in", "w.npy", "--limit", limit)
            self.assertEqual((done.returncode, done.stdout.count(b"\n")), (1, lines))
            self.assertIn(b"750000 of 750000 groups", done.stdout)
        self.assertEqual(self.sparsify("check", "--in", "w.npy").stdout.count(b"\n"), 22)

    def test_counts_pairs_of_4_bit_types(self):
        self.save("w.npy", np.array([[0, 1, 2, 3, 0, 0, 0, 0], [1, 0, 1, 0, 1, 0, 0, 0]], np.int8))
        done = self.sparsify("check", "--in", "w.npy", "--dtype", "s4")
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"3 non-zero pairs in row 1, group 0", done.stdout)
        self.assertIn(b"1 of 2 groups", done.stdout)

    def test_tf32_ignores_the_bits_it_drops(self):
        noise = np.array([[0x1FFF, 0x3F800000, 0x80001000, 0x2000]], np.uint32)
        self.succeed("check", "--in", self.save("w.npy", noise), "--dtype", "tf32")
        done = self.sparsify("check", "--in", "w.npy", "--dtype", "f32", "--pattern", "1:2")
        self.assertEqual(done.returncode, 1)


class BadInput(SparsifyCase):
    def test_usage(self):
        self.save("w.npy", np.zeros((4, 8), np.float16))
        good = ("prune", "--in", "w.npy", "--out", "p.npy")
        for arguments in ((), ("prun",), ("prune",), good[:3], (*good[:1], *good[3:]), (*good, "--pattern", "2:3"),
                          (*good, "--dtype", "f17"), (*good, "--dtype", "s32"), (*good, "--permutation", "i.npy"),
                          (*good, "extra"), ("check", "--in", ""), ("check", "--in", "w.npy", "--limit", "-1"),
                          (*good, "--permute", "--permutation", "p.npy")):
            with self.subTest(arguments=arguments):
                self.refuse(*arguments)
        self.assertIn("prune", self.refuse("prun"))

    def test_arrays_that_cannot_hold_the_type(self):
        for array, dtype in ((np.uint16, None), (np.int32, None), (np.float16, "bf16"), (np.float32, "f16"),
                             (np.float64, "tf32"), (np.int16, "s4"), (np.bool_, "s8"), (np.float64, None)):
            with self.subTest(array=array, dtype=dtype):
                self.save("w.npy", np.zeros((4, 8), array))
                options = ("--dtype", dtype) if dtype else ()
                message = self.refuse("check", "--in", "w.npy", *options)
                self.assertIn("--pattern" if array is np.float64 and not dtype else "--in w.npy", message)

    def test_columns_that_are_no_whole_groups(self):
        for dtype, columns, next_one in (("f16", 6, 8), ("tf32", 5, 6), ("s4", 12, 16)):
            self.save("w.npy", np.zeros((2, columns), TYPES[dtype][0]))
            message = self.refuse("prune", "--in", "w.npy", "--dtype", dtype, "--out", "p.npy")
            self.assertIn(f"k = {columns}", message)
            self.assertIn(f"such as {next_one}", message)

    def test_values_outside_a_4_bit_type_are_named_with_their_index(self):
        for dtype, value in (("s4", 8), ("s4", -9), ("u4", -1), ("u4", 16)):
            matrix = np.zeros((2, 3, 8), np.int8)
            matrix[1, 0, 7] = value
            message = self.refuse("check", "--in", self.save("w.npy", matrix), "--dtype", dtype)
            self.assertIn(f"{value} at [1,0,7]", message)

    def test_places_in_later_blocks_are_those_of_the_file(self):
        matrix = np.zeros((3, 1000, 1000), np.int8)
        matrix[2, 900, 7] = 16
        self.assertIn("16 at [2,900,7]", self.refuse("check", "--in", self.save("w.npy", matrix), "--dtype", "u4"))
        matrix[2, 900, 4:8] = 1
        done = self.sparsify("check", "--in", self.save("w.npy", matrix))
        self.assertIn(b"4 non-zeros in row 2900, group 1 (from [2,900,4])", done.stdout)
        matrix = matrix.astype(np.float16)
        matrix[2, 900, 7] = np.nan
        message = self.refuse("prune", "--in", self.save("w.npy", matrix), "--out", "p.npy", "--permute")
        self.assertIn("NaN at [2,900,7]", message)

    def test_bad_files(self):
        self.refuse("check", "--in", "missing.npy")
        (self.folder / "t.npy").write_bytes(b"\x93NUMPY")
        self.refuse("check", "--in", "t.npy")
        self.refuse("check", "--in", self.save("w.npy", np.float16(1)))
        self.refuse("check", "--in", self.save("w.npy", np.zeros((4, 0), np.float16)))
        self.save("w.npy", np.zeros((4, 8), np.float16))
        self.refuse("prune", "--in", "w.npy", "--out", "no/folder/p.npy")


if __name__ == "__main__":
    unittest.main()

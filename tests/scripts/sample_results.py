"""Made-up results in the form that `stcsim run --compare` writes. The numbers are invented; only the form matters."""

import csv
import json

CAUSES = ("busy", "operands", "metadata", "shared_memory", "global_data", "barrier", "issue", "tail")


def row(name, m, n, k, sparsity, cycles, account, gpu="a100-sxm4-40gb", scope="sm"):
    cores = 4
    total = sum(account)
    tflops = 2 * m * n * k / (cycles / 1.41e9) / 1e12
    return {
        "name": name, "m": m, "n": n, "k": k, "batch": 1, "dtype": "f16", "acc": "f32", "sparsity": sparsity,
        "gpu": gpu, "kernel": "128x128x32", "scope": scope, "cycles": cycles, "time_us": cycles / 1410,
        "tflops": tflops, "dense_peak_tflops": 312.0, "sparse_peak_tflops": 624.0,
        "tensor_utilization": tflops / (312.0 if sparsity == "dense" else 624.0), "bound_by": "tensor core",
        "account": {cause: round(cycles * cores * part / total) for cause, part in zip(CAUSES, account)},
    }  # fmt: skip


def pair(name, m, n, k, efficiency=0.9, speedup=1.6, **more):
    """A dense row and its 2:4 row, as --compare writes them."""
    cycles = 2 * m * n * k / (efficiency * 312e12) * 1.41e9
    dense = row(name, m, n, k, "dense", round(cycles), (90, 3, 0, 2, 1, 1, 2, 1), **more)
    busy = 45 * speedup
    rest = 100 - busy
    sparse = row(name, m, n, k, "2:4", round(cycles / speedup),
                 (busy, rest * 0.1, rest * 0.05, rest * 0.5, rest * 0.1, rest * 0.1, rest * 0.05, rest * 0.1),
                 **more)  # fmt: skip
    sparse["speedup"] = dense["cycles"] / sparse["cycles"]
    return [dense, sparse]


def sweep(**more):
    rows = []
    for step, k in enumerate((512, 1024, 2048, 4096, 8192, 16384)):
        rows += pair(f"k{k}", 10240, 10240, k, 0.70 + 0.045 * step, 1.2 + 0.1 * step, **more)
    return rows


def network(layers=9):
    rows = []
    for layer in range(layers):
        name = f"encoder.layer{layer}.feed_forward"
        if layer % 3 == 0:
            rows.append(pair(name, 1024, 4096, 1024, 0.5)[0])
        else:
            rows += pair(name, 1024, 4096 * (1 + layer), 1024, 0.6 + 0.02 * layer, 1.1 + 0.08 * (layer % 9))
    return rows


def write_json(path, rows):
    path.write_text(json.dumps({"provenance": {"version": "0.0.0"}, "results": rows}), encoding="utf-8")


def write_csv(path, rows):
    flat = []
    for fields in rows:
        fields = {"speedup": "", **fields}
        account = fields.pop("account")
        flat.append({**fields, **{f"account_{cause}": account[cause] for cause in CAUSES}})
    with open(path, "w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(flat[0]))
        writer.writeheader()
        writer.writerows(flat)

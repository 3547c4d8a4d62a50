#!/usr/bin/env python3
"""Tensors beside their peers: every driver in a process of its own, in rounds one after the other, so that a machine that changes its
speed changes it for all.

    python3 benches/peers-tensor/run.py                        five rounds of everything, on 1 and 2 threads
    python3 benches/peers-tensor/run.py --rounds 3 --peers wengert jax --workloads W4 W5 --threads 1

Drivers of Rust are built here; those of Python run in an environment that is made under target/ from requirements.txt (torch is a
download of some gigabytes; `--peers wengert candle burn dfdx autograd raw` needs none of it). The table has the median of the
rounds' medians and the least of them; rounds in which other programs were at work count where there is no quiet one. Memory is
the most that the process had: ask for one workload to see that of one.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import venv

HERE = pathlib.Path(__file__).resolve().parent
RUST = ["wengert", "wengert-program", "wengert-trainer", "candle", "burn", "dfdx", "autograd", "raw"]
PYTHON = ["torch", "torch-compile", "jax", "numpy"]
# hand-written code and kernels alone are no peers
REFERENCES = ("raw-", "numpy", "pytorch-raw-mm", "jax-jit-scan")
# Required ratios to the best peer on 1 and 2 threads, of the tape and of programs.
REQUIRED = {
    "W4_nielsen": (0.55, 0.55), "W5_mlp": (0.95, 0.95), "W6_lenet": (0.70, 0.60), "W7_matmul_n64": (0.75, 0.75),
    "W7_matmul_n256": (0.97, 0.97), "W7_matmul_n1024": (1.0, 1.0), "W8_conv2d": (1.0, 1.0), "W9_elementwise": (1.8, 1.8),
}


REQUIRED_OF_PROGRAMS = {
    "W4_nielsen": (0.35, 0.35), "W5_mlp": (0.85, 0.85), "W9_elementwise": (0.25, 0.25), "W10_chain": (0.5, 0.5),
    "W13_hvp": (0.97, 0.95),
}
# the driver of several of our own peers
MODES = ("-trainer", "-program")


def environment():
    """The Python of the peers, made if it is not there."""
    folder = HERE / "target" / "python"
    python = folder / "bin" / "python"
    if not python.exists():
        print("making an environment for the peers of Python", file=sys.stderr)
        venv.create(folder, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "-r", HERE / "requirements.txt"], check=True)
    return python


def package(peer):
    """The package of a driver."""
    for mode in MODES:
        peer = peer.removesuffix(mode)
    return f"peer-{peer}"


def build(peers):
    """Builds the drivers of Rust that are asked for."""
    packages = sorted({package(p) for p in peers if p in RUST})
    if packages:
        command = ["cargo", "build", "--release"] + [part for p in packages for part in ("-p", p)]
        subprocess.run(command + (["--features", "peer-raw/v4"] if "peer-raw" in packages else []), cwd=HERE, check=True)


def run(peer, threads, workloads, python, seconds):
    """The rows of one driver in one process."""
    count = str(threads)
    env = dict(os.environ, BENCH_THREADS=count, BENCH_SECONDS=str(seconds))
    for name in ("WENGERT", "RAYON_NUM", "OMP_NUM", "MKL_NUM", "OPENBLAS_NUM", "MATMUL_NUM"):
        env[f"{name}_THREADS"] = count
    # JAX has no other switch: its pool has as many threads as there are processors for it
    alone = ["taskset", "-c", "1"] if threads == 1 and peer in ("jax", "wengert-trainer") else []
    if peer in PYTHON:
        env["BENCH_COMPILE"] = "1" if peer == "torch-compile" else "0"
        script = {"torch-compile": "torch"}.get(peer, peer)
        command = [str(python), str(HERE / "python" / f"bench_{script}.py")]
    else:
        env["BENCH_TRAINER"] = "1" if peer == "wengert-trainer" else "0"
        env["BENCH_PROGRAMS"] = "1" if peer == "wengert-program" else "0"
        command = [str(HERE / "target" / "release" / package(peer))]
    process = subprocess.Popen(alone + command + workloads, env=env, stdout=subprocess.PIPE, text=True)
    lines = process.stdout.read().splitlines()
    _, status, used = os.wait4(process.pid, 0)
    if status:
        print(f"{peer} on {threads}: exit code {os.waitstatus_to_exitcode(status)}", file=sys.stderr)
    rows = [json.loads(line) for line in lines if line.startswith("{")]
    return [dict(row, megabytes=used.ru_maxrss / 1024) for row in rows]


def of_rounds(rows):
    """Median and least by workload, driver and threads."""
    cells = {}
    for row in rows:
        if row.get("median_us") is not None:
            cells.setdefault((row["workload"], row["peer"], row["threads"]), []).append(row)
    found = {}
    for key, all_rows in cells.items():
        quiet = [r for r in all_rows if r.get("extra", {}).get("bg", 0) <= 0.12] or all_rows
        medians = [r["median_us"] for r in quiet]
        found[key] = (statistics.median(medians), min(medians), statistics.median(r["megabytes"] for r in quiet))
    return found


def table(found, threads):
    """The table, by workload: the tape, and programs."""
    print("\n| row | threads | wengert, µs: median, least | best peer | ratio | required | least ÷ least | MB: wengert, least peer |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for workload in sorted({w for w, _, _ in found}):
        for count in threads:
            own = {p: v for (w, p, t), v in found.items() if (w, t) == (workload, count) and p.startswith("wengert")}
            peers = {p: v for (w, p, t), v in found.items()
                     if (w, t) == (workload, count) and not p.startswith(("wengert",) + REFERENCES)}
            if not peers:
                continue
            best = min(peers, key=lambda p: peers[p][0])
            least = min(v[1] for v in peers.values())
            rows = [("", own.get("wengert") or own.get("wengert-hvp"), REQUIRED), (" program", own.get("wengert-program"), REQUIRED_OF_PROGRAMS)]
            for name, plain, required in rows:
                if plain:
                    needed = required.get(workload, (None, None))[min(count, 2) - 1]
                    print(f"| {workload}{name} | {count} | {plain[0]:.1f}, {plain[1]:.1f} | {best} {peers[best][0]:.1f} | "
                          f"{plain[0] / peers[best][0]:.2f} | {needed or '–'} | {plain[1] / least:.2f} | "
                          f"{plain[2]:.0f}, {min(v[2] for v in peers.values()):.0f} |")


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--seconds", type=float, default=0.7, help="of samples for each row")
    arguments.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    arguments.add_argument("--peers", nargs="+", default=RUST + PYTHON, choices=RUST + PYTHON)
    arguments.add_argument("--workloads", nargs="*", default=[], help="those that begin so: W4 W7_matmul_n64")
    arguments.add_argument("--rows", type=pathlib.Path, default=HERE / "target" / "rows.jsonl", help="where every row is added")
    arguments.add_argument("--table", action="store_true", help="only the table, of the rows that are there")
    given = arguments.parse_args()
    if not given.table:
        build(given.peers)
        python = environment() if set(given.peers) & set(PYTHON) else None
        given.rows.parent.mkdir(parents=True, exist_ok=True)
        for number in range(given.rounds):
            for threads in given.threads:
                for peer in given.peers:
                    print(f"round {number + 1}: {peer} on {threads}", file=sys.stderr)
                    rows = run(peer, threads, given.workloads, python, given.seconds)
                    with given.rows.open("a") as file:
                        file.writelines(json.dumps(row) + "\n" for row in rows)
    rows = [json.loads(line) for line in given.rows.read_text().splitlines()]
    with open("/proc/cpuinfo") as file:
        print(next((line.split(":")[1].strip() for line in file if line.startswith("model name")), "unknown processor"))
    table(of_rounds(rows), given.threads)


if __name__ == "__main__":
    main()

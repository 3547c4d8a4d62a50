"""Writes small files of NumPy's formats into numpy/, with what they hold in numpy/contents.json.

Run by hand: python tests/reference/numpy_files.py. The tests of crates/nn read the files and need no NumPy.
"""

import json
import pathlib

import numpy as np

folder = pathlib.Path(__file__).with_name("numpy")
folder.mkdir(exist_ok=True)
numbers = np.array([[1.5, -0.25, 3.0], [0.0, 65504.0, -2.0**-24]])
whole = np.array([[1, -2, 3], [100, 0, -128]])
arrays = {f"f{n}": numbers.astype(f"f{n}") for n in (2, 4, 8)}
arrays |= {f"i{n}": whole.astype(f"i{n}") for n in (1, 2, 4, 8)}
arrays |= {f"u{n}": np.abs(whole).astype(f"u{n}") for n in (1, 2, 4, 8)}
arrays["bool"] = whole > 0
arrays["big"] = numbers.astype(">f8")
arrays["big_i4"] = whole.astype(">i4")
arrays["fortran"] = np.asfortranarray(np.arange(24.0).reshape(2, 3, 4))
arrays["one"] = np.array(7.5)
arrays["empty"] = np.zeros((0, 3))
np.save(folder / "fortran.npy", arrays["fortran"])
np.savez(folder / "stored.npz", **arrays)
np.savez_compressed(folder / "packed.npz", **arrays)
np.save(folder / "text.npy", np.array(["a", "bc"]))
contents = {
    name: {"shape": list(a.shape), "whole": a.dtype.kind != "f", "data": a.astype("f8").ravel().tolist()}
    for name, a in arrays.items()
}
(folder / "contents.json").write_text(json.dumps(contents) + "\n")
print(f"wrote {len(arrays)} arrays")

"""``python benchmarks/service/isolated.py HANDLER``: the runtime client, on ``PYTHONPATH`` alone.

So a handler finds what its own environment has, and nothing of this repository's ``.venv``.
"""

import runpy
import sys

if __name__ == "__main__":
    sys.path[:] = [folder for folder in sys.path if "/.venv/" not in folder]
    runpy.run_module("awslambdaric", run_name="__main__", alter_sys=True)

"""Fuzz the decoder of request bodies and the readers of tables.

Prints a line for each target, and a traceback for each kind of exception that is not the library's;
the smallest inputs are written to build/fuzz. Exit code 3: there was one.
"""

import argparse
import random
import sys

from .processes import FAILED, TARGETS, fuzz_all


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=TARGETS, default=[*TARGETS], metavar="TARGET")
    parser.add_argument("--seconds", type=float, default=60, help="for all targets together")
    parser.add_argument("--seed", type=int, help="tries the same inputs again; by default others")
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    seed = random.randrange(10**6) if options.seed is None else options.seed
    print(f"seed {seed}", flush=True)
    passed = fuzz_all(options.only, options.seconds, seed, options.workers)
    return 0 if passed else FAILED


if __name__ == "__main__":
    sys.exit(main())

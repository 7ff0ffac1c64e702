"""`python -m tests.attacks.fuzz NAME [--seconds N]`: one fuzzer with libFuzzer (atheris).

It ends with 0 where nothing was found; a finding is written to `crash-…` in the working folder, its trace is printed.
"""

import argparse
import sys
import tempfile
from pathlib import Path

import atheris

CORPUS = Path(__file__).parent / "corpus"


def main() -> None:
    with atheris.instrument_imports(include=["proxy", "_speedups._pure"]):
        from tests.attacks.fuzz.registry import SEEDS, TARGETS

    options = argparse.ArgumentParser(prog="python -m tests.attacks.fuzz", description=__doc__)
    options.add_argument("name", choices=sorted(TARGETS))
    options.add_argument("--seconds", type=int, default=600)
    options.add_argument("--keep", type=Path, help="a folder that keeps what is found to reach new code")
    asked = options.parse_args()
    kept = asked.keep or Path(tempfile.mkdtemp(prefix="perihelion-fuzz-"))
    kept.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(SEEDS[asked.name]):
        (kept / f"seed-{number}").write_bytes(seed)
    folders = [str(kept), *(str(folder) for folder in [CORPUS / asked.name] if folder.is_dir())]
    flags = [f"-max_total_time={asked.seconds}", "-max_len=4096", "-rss_limit_mb=2048", "-timeout=10"]
    flags += ["-verbosity=0", "-print_final_stats=1"]
    atheris.Setup([sys.argv[0], *flags, *folders], TARGETS[asked.name])
    atheris.Fuzz()


if __name__ == "__main__":
    main()

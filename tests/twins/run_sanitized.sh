#!/bin/sh
# Runs the twin tests over modules compiled with the address and undefined-behaviour sanitizers, in a copy.
# Any report ends the run. Leaks are not looked for: the interpreter itself keeps memory to the end.
#   PYTHON=.venv/bin/python tests/twins/run_sanitized.sh [pytest arguments]
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
python=$(command -v "${PYTHON:-python3}")
case "$python" in
/*) ;;
*) python=$PWD/$python ;;
esac
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT

asan=$(${CC:-cc} -print-file-name=libasan.so)
ubsan=$(${CC:-cc} -print-file-name=libubsan.so)
case "$asan" in
/*) ;;
*) echo "this compiler has no address sanitizer" >&2 && exit 2 ;;
esac

mkdir "$copy/tests"
cp -R "$root/_speedups" "$root/setup.py" "$copy"
cp -R "$root/tests/twins" "$root/tests/__init__.py" "$root/tests/traffic.py" "$copy/tests"
rm -f "$copy"/_speedups/*.so "$copy"/_speedups/*.c

cd "$copy"
flags="-O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all"
CFLAGS=$flags LDFLAGS=$flags "$python" setup.py build_ext --inplace | tail -n 1 | grep "Accelerated build"

PERIHELION_TRAFFIC=${PERIHELION_TRAFFIC:-$root/../shared/traffic} \
PERIHELION_EXPECT_COMPILED=1 PYTHONPATH=$copy PYTHONMALLOC=malloc LD_PRELOAD="$asan $ubsan" \
ASAN_OPTIONS=detect_leaks=0 UBSAN_OPTIONS=print_stacktrace=1 \
    "$python" -m pytest -q -p no:cacheprovider "$@" tests/twins --ignore tests/twins/test_embedding.py

#!/usr/bin/env bash
# All measurements, and doc/bench.md: bench/run.sh [LINES [ROUNDS]]
set -eu
cd "$(dirname "$0")/.."

lines=${1:-500000}
rounds=${2:-3}
python3 bench/ingest.py --lines "$lines" --rounds "$rounds"
python3 bench/search.py --lines "$lines" --rounds "$rounds"
python3 bench/report.py
echo "written: doc/bench.md"

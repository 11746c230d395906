#!/usr/bin/env bash
# All measurements, and doc/performance.md: bench/run.sh [LINES [ROUNDS]]
set -eu
cd "$(dirname "$0")/.."

lines=${1:-2000000}
rounds=${2:-5}
python3 bench/ingest.py --lines "$lines" --rounds "$rounds"
python3 bench/ingest.py --lines "$lines" --rounds "$rounds" --mix other
python3 bench/search.py --lines "$lines" --rounds "$rounds"
python3 bench/store.py --lines "$lines" --rounds "$rounds"
python3 bench/growth.py
python3 bench/report.py
echo "written: doc/performance.md"

#!/usr/bin/env bash
# Runs every fuzz target: fuzz/run.sh [--seconds N] [NAME…]
#
# For each: its seeds once each, then N seconds (default 60) of new input that
# grows from them; as many targets at once as there are processors. Prints TAP; a crash's input is kept below build/fuzz/found
# and its report is printed. Targets are built by tools/build.sh fuzz.
set -u
cd "$(dirname "$0")/.." || exit 3

seconds=60
names=
while [ $# -gt 0 ]; do
	case $1 in
	--seconds)
		seconds=${2:?--seconds N}
		shift
		;;
	-*)
		echo "usage: fuzz/run.sh [--seconds N] [NAME…]" >&2
		exit 2
		;;
	*) names="$names $1" ;;
	esac
	shift
done

export ASAN_OPTIONS=abort_on_error=1:allocator_may_return_null=1
export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
found=$PWD/build/fuzz/found
mkdir -p "$found"
scratch=$(mktemp -d "${TMPDIR:-/tmp}/fuzz.XXXXXX") || exit 3
trap 'rm -rf "$scratch"' EXIT
export found scratch seconds

# One line of the answer: what $1 (0: good) came of $2; the end of log $3.
say() {
	if [ "$1" = 0 ]; then
		echo "ok - $2"
	else
		echo "not ok - $2"
		tail -n 60 "$3" | sed 's/^/# /'
	fi
}
export -f say

# Everything of one target, on its own: several run at once.
one() {
	program=$1
	name=$(basename "$program")
	name=${name#fuzz_}
	seeds=fuzz/seeds/$name
	log=$scratch/$name.log
	if ! [ -d "$seeds" ]; then
		echo "no folder $seeds" >"$log"
		say 1 "$name has seeds" "$log"
		return
	fi
	mkdir -p "$scratch/$name"
	options="-artifact_prefix=$found/$name- -timeout=10 -rss_limit_mb=2048"
	[ -f "fuzz/$name.dict" ] && options="$options -dict=fuzz/$name.dict"
	# shellcheck disable=SC2086
	"$program" $options -runs=0 "$seeds" >"$log" 2>&1
	say $? "$name takes its $(find "$seeds" -type f | wc -l) seeds" "$log"
	# shellcheck disable=SC2086
	"$program" $options -max_total_time="$seconds" -print_final_stats=1 \
	    "$scratch/$name" "$seeds" >"$log" 2>&1
	code=$?
	runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
	say $code "$name takes what grows from them in $seconds s" "$log"
	echo "# $name: ${runs:-?} inputs"
	rm -rf "${scratch:?}/$name"
}
export -f one

find build/fuzz/fuzz -maxdepth 2 -type f -name 'fuzz_*' -executable | sort |
    while read -r program; do
	    name=$(basename "$program")
	    case " $names " in
	    "  " | *" ${name#fuzz_} "*) echo "$program" ;;
	    esac
    done |
    xargs -r -P "$(nproc)" -I '{}' bash -c 'one {} >"$scratch/$(basename {}).tap"'

n=0
bad=0
while IFS= read -r line; do
	case $line in
	"ok - "*)
		n=$((n + 1))
		echo "ok $n - ${line#ok - }"
		;;
	"not ok - "*)
		n=$((n + 1))
		bad=1
		echo "not ok $n - ${line#not ok - }"
		;;
	*) echo "$line" ;;
	esac
done < <(cat "$scratch"/*.tap 2>/dev/null)
if [ $n = 0 ]; then
	n=1
	bad=1
	echo "not ok 1 - there are fuzz targets in build/fuzz"
fi
echo "1..$n"
exit $bad

#!/usr/bin/env bash
# The whole test run: tools/test.sh all|quick|lint
#
#   all    what .ci/run runs: installs what is missing, builds, tests
#   quick  floors, format, scripts and unit tests, with what is installed
#   lint   every static check, the slow ones too
#
# Each part prints TAP or is one step; tools/tally.py keeps the results and
# prints the last line, `N passed, M failed`, which decides the exit status.
set -u
cd "$(dirname "$0")/.." || exit 3

mode=${1:-all}
export SRC=$PWD
export BEIMEN=$PWD/build/release/src/proc/beimen
export TALLY=$PWD/build/test-logs
export LC_ALL=C.UTF-8
tally=tools/tally.py
started=$SECONDS

# A scratch folder of this run alone, gone afterwards.
TMPDIR=$(mktemp -d "${TMPDIR:-/tmp}/beimen-test.XXXXXX") || exit 3
export TMPDIR
chmod 711 "$TMPDIR" # tests that give up root still find their own files
trap 'rm -rf "$TMPDIR"' EXIT
trap 'exit 130' INT TERM
rm -rf "$TALLY"
mkdir -p "$TALLY"

export ASAN_OPTIONS=abort_on_error=1:strict_string_checks=1
export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
export CMOCKA_MESSAGE_OUTPUT=TAP

part() { $tally run "$@"; }
step() { $tally step "$@"; }

builds() {
	step "build asan" "gcc builds everything without a warning" \
	    --limit 900 -- tools/build.sh asan
}

more_builds() {
	step "build release" "the hardened build has no warning" \
	    --limit 900 -- tools/build.sh release src/proc/beimen \
	    tests/proc/test_proc_fence
	step "build clang" "clang builds everything without a warning" \
	    --limit 900 -- tools/build.sh clang
}

checks() {
	part "tools" --limit 120 -- tests/tools/tools_test.py
	part "floors" --limit 60 -- tools/floors.py
	part "format" --limit 120 -- tools/style.sh format
	part "scripts" --limit 120 -- tools/style.sh scripts
	part "manual pages" --limit 60 -- tools/style.sh manual
}

analysers() {
	part "cppcheck" --limit 600 -- tools/style.sh cppcheck
	part "clang-tidy" --limit 900 -- tools/style.sh tidy "$1"
}

units() {
	rm -f build/asan/meson-logs/testlog.json
	meson test -C build/asan --no-rebuild --no-suite fence \
	    >"$TALLY/meson.out" 2>&1
	$tally meson "unit tests (ASan, UBSan)" build/asan
}

# A fence is tried in the build that is run: the sanitizers' own calls would
# need holes in it.
fences() {
	part "fences (release build)" --limit 300 -- \
	    build/release/tests/proc/test_proc_fence
}

# Every test program of a folder, each a part of its own.
programs() {
	local folder=$1 limit=$2 program

	for program in "tests/$folder"/*_test.py; do
		part "$folder: $(basename "$program" _test.py)" \
		    --limit "$limit" -- "$program"
	done
}

case $mode in
quick)
	builds
	checks
	units
	;;
lint)
	tools/setup.sh test || exit 3
	builds
	more_builds
	checks
	analysers all
	;;
all)
	tools/setup.sh test || exit 3
	builds
	more_builds
	checks
	analysers quick
	units
	step "build fuzz" "the fuzz targets build without a warning" \
	    --limit 900 -- tools/build.sh fuzz
	part "fuzz" --limit 900 -- fuzz/run.sh --seconds 5
	fences
	programs packaging 120
	programs serve 300
	programs counterpart 600
	programs fault 600
	programs power 600
	programs tamper 300
	;;
*)
	echo "usage: tools/test.sh all|quick|lint" >&2
	exit 2
	;;
esac

printf '%s s in all; the logs are in build/test-logs\n' \
    "$((SECONDS - started))"
$tally sum

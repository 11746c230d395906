#!/usr/bin/env bash
# Sets up and builds one folder under build/: tools/build.sh KIND [TARGET…]
#
#   release  gcc, optimised and hardened: what is run and installed
#   asan     gcc with AddressSanitizer and UBSan: what the tests run
#   clang    the second compiler: its warnings
#   fuzz     clang with libFuzzer, AddressSanitizer and UBSan
set -eu
cd "$(dirname "$0")/.."

kind=${1:?usage: tools/build.sh release|asan|clang|fuzz [TARGET…]}
shift
dir=build/$kind

case $kind in
release)
	export CC="${CC:-gcc}"
	# With cmocka there, the tests that need this build can be made too;
	# unless they are named only the program is.
	tests=false
	pkg-config --exists cmocka && tests=true
	options="-Dhardened=true -Db_pie=true -Dtests=$tests"
	[ $# -gt 0 ] || set -- src/proc/beimen
	;;
asan)
	export CC=gcc
	options="-Db_sanitize=address,undefined -Db_lundef=false"
	;;
clang)
	export CC=clang
	options=
	;;
fuzz)
	export CC=clang
	options="-Dfuzzers=true -Dtests=false
	    -Db_sanitize=address,undefined -Db_lundef=false
	    -Dc_args=-fsanitize=fuzzer-no-link"
	;;
*)
	echo "build.sh: no such kind: $kind" >&2
	exit 2
	;;
esac

if ! [ -f "$dir/build.ninja" ]; then
	mkdir -p build
	# shellcheck disable=SC2086
	if ! meson setup "$dir" $options >"build/setup-$kind.log" 2>&1; then
		cat "build/setup-$kind.log"
		rm -rf "$dir"
		exit 1
	fi
fi

# The program knows where it will be installed, and what npm brought.
made_for="${PREFIX:-/usr/local} $options"
[ -f node_modules/htmx.org/dist/htmx.min.js ] && made_for="$made_for htmx"
if [ "$(cat "$dir/.made-for" 2>/dev/null)" != "$made_for" ]; then
	# shellcheck disable=SC2086
	{
		meson configure "$dir" $options \
		    -Dprefix="${PREFIX:-/usr/local}" &&
		    meson setup --reconfigure "$dir"
	} >"build/setup-$kind.log" 2>&1 || {
		cat "build/setup-$kind.log"
		exit 1
	}
	printf '%s\n' "$made_for" >"$dir/.made-for"
fi
exec ninja --quiet -C "$dir" "$@"

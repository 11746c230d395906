#!/usr/bin/env bash
# Static checks that print TAP: tools/style.sh format|scripts|manual|cppcheck
# or tools/style.sh tidy quick|all
set -u
cd "$(dirname "$0")/.." || exit 3

n=0
bad=0
scratch=$(mktemp -d "${TMPDIR:-/tmp}/style.XXXXXX") || exit 3
trap 'rm -rf "$scratch"' EXIT

# ok SENTENCE COMMAND…: one test; what the command said is shown if it failed.
ok() {
	local sentence=$1

	shift
	n=$((n + 1))
	if "$@" >"$scratch/out" 2>&1; then
		echo "ok $n - $sentence"
	else
		bad=1
		echo "not ok $n - $sentence"
		sed 's/^/# /' "$scratch/out" | head -n 40
	fi
}

plan() {
	echo "1..$n"
	exit $bad
}

# Folders that hold C, one a line.
c_folders() {
	find src tests fuzz bench -name '*.[ch]' -not -path '*/node_modules/*' \
	    -printf '%h\n' | sort -u
}

# Where a file differs from its formatted self, a line each.
formatted() {
	clang-format --dry-run -Werror --ferror-limit=3 "$@" 2>&1 |
	    grep ': error:' && return 1
	return 0
}

format() {
	local folder

	for folder in $(c_folders); do
		ok "$folder is formatted as .clang-format says" \
		    formatted "$folder"/*.[ch]
	done
}

bash_reads() {
	local script bad=0

	for script in "$@"; do
		bash -n "$script" || bad=1
	done
	return $bad
}

scripts() {
	local shell python

	shell=$(grep -rlE '^#!.*(bash|/sh)$' Makefile .ci tools tests fuzz \
	    bench packaging share --exclude-dir=node_modules |
	    grep -v '\.md$' | sort)
	python=$(find tools tests bench -name '*.py' \
	    -not -path '*/node_modules/*' | sort)
	# shellcheck disable=SC2086
	ok "bash reads every shell script" bash_reads $shell
	# shellcheck disable=SC2086
	ok "python reads every script" env PYTHONDONTWRITEBYTECODE=1 \
	    python3 -c 'import ast, sys
for p in sys.argv[1:]: ast.parse(open(p, encoding="utf-8").read(), p)' \
	    $python
	ok "no work is left as a note in the tree" no_notes
}

# Marks of unfinished work; the words are put together here so that this
# file does not name itself.
no_notes() {
	! grep -rnE "\\b(TO""DO|FIX""ME|X""XX)\\b" Makefile meson.build src \
	    tests fuzz bench tools packaging share registers regulations \
	    normalize doc ./*.md --exclude-dir=node_modules
}

manual() {
	local page

	for page in doc/man/*.[1-9]; do
		ok "$page has no fault that mandoc knows" \
		    mandoc -T lint -W warning "$page"
	done
}

cppcheck_all() {
	local folder jobs

	jobs=$(nproc)
	for folder in src/*/; do
		ls "$folder"*.c >/dev/null 2>&1 || continue
		ok "cppcheck finds nothing in $folder" cppcheck --quiet \
		    --std=c11 --language=c -Isrc -D_GNU_SOURCE -j "$jobs" \
		    --enable=warning,portability,performance --inline-suppr \
		    --suppressions-list=tools/cppcheck.suppress \
		    '-Djson_array_foreach(a,i,v)=for(i=0;(v=json_array_get(a,i));i++)' \
		    '-Djson_object_foreach(o,k,v)=for(k="";(v=json_object_get(o,k));)' \
		    --error-exitcode=1 --template=gcc "$folder"
	done
}

# quick: the checks that do not walk paths; all: clang's analyser as well.
tidy() {
	local folder checks

	checks=
	[ "$1" = all ] && checks=--checks=clang-analyzer-*
	for folder in src/*/; do
		ls "$folder"*.c >/dev/null 2>&1 || continue
		ok "clang-tidy ($1) finds nothing in $folder" \
		    tidy_files "$checks" "$folder"*.c
	done
}

tidy_files() {
	local checks=$1

	shift
	printf '%s\n' "$@" | xargs -P "$(nproc)" -n 4 \
	    clang-tidy --quiet -p build/clang $checks
}

case ${1:-} in
format) format ;;
scripts) scripts ;;
manual) manual ;;
cppcheck) cppcheck_all ;;
tidy) tidy "${2:-quick}" ;;
*)
	echo "usage: tools/style.sh format|scripts|manual|cppcheck|tidy" >&2
	exit 2
	;;
esac
plan

#!/usr/bin/env bash
# Unpacks the programs that other people use with Beimen, without changing
# the machine: tests/counterpart/unpack.sh PACKAGE…
#
# rsyslog and syslog-ng conflict with each other and would start services,
# so they are never installed: each goes, with the libraries that are missing
# here, into build/counterparts/PACKAGE. Prints nothing when all is there.
set -eu
cd "$(dirname "$0")/../.."
top=$PWD/build/counterparts

for package in "$@"; do
	root=$top/$package
	[ -e "$root/.unpacked" ] && continue
	rm -rf "$root"
	mkdir -p "$root/debs"
	# apt's own resolver names what would be installed, without installing.
	wanted=$(LC_ALL=C apt-get -s install --no-install-recommends \
	    "$package" 2>/dev/null | sed -n 's/^Inst \([^ ]*\).*/\1/p')
	# An installed one is only fetched again, to have its files in one place.
	case " $(echo $wanted) " in
	*" $package "*) ;;
	*) wanted="$package $wanted" ;;
	esac
	(
		cd "$root/debs"
		# shellcheck disable=SC2086
		apt-get -qq download $wanted 2>&1 |
		    grep -v "unsandboxed as root" >&2 || true
		for deb in *.deb; do
			[ -f "$deb" ] || {
				echo "unpack: apt-get download gave no $package" >&2
				exit 3
			}
			dpkg -x "$deb" "$root"
		done
	)
	rm -rf "$root/debs"
	touch "$root/.unpacked"
done

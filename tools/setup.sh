#!/usr/bin/env bash
# Installs what is missing, and nothing else: tools/setup.sh run|test|users
#
# users: only the users of the processes; run and test make them too when
# they are started as root, for then each process runs as its own user.
# Says what and why before it calls apt. As root it calls apt itself, else
# through sudo; where neither is possible it prints the command to give to
# an administrator. No service is started by an installation made here.
set -u
cd "$(dirname "$0")/.." || exit 3

want=${1:-run}
say() { printf '%s\n' "$*" >&2; }

installed() {
	[ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = \
	    installed ]
}

# Prints "package<TAB>why" for each line of the list $1 that is not met.
missing_of() {
	local line left why command package names

	while IFS= read -r line; do
		case "$line" in '' | '#'*) continue ;; esac
		left=${line%% : *}
		why=${line#* : }
		command=
		names=
		for package in $left; do
			case "$package" in
			command=*) command=${package#command=} ;;
			'|') ;;
			*) names="$names $package" ;;
			esac
		done
		if [ -n "$command" ] &&
		    command -v "$command" >/dev/null 2>&1; then
			continue
		fi
		for package in $names; do
			installed "$package" && continue 2
		done
		printf '%s\t%s\n' "${names# }" "$why"
	done <"$1"
}

# The first of several names that apt can install.
first_known() {
	local package

	for package in "$@"; do
		if LC_ALL=C apt-cache policy "$package" 2>/dev/null |
		    grep -q '^  Candidate: [^(]'; then
			printf '%s\n' "$package"
			return
		fi
	done
	printf '%s\n' "$1"
}

guard=/usr/sbin/policy-rc.d
guard_state=untouched

# While packages are installed no service may start; afterwards the machine's
# own policy is as it was.
guard_set() {
	if [ -e "$guard" ]; then
		$sudo mv "$guard" "$guard.beimen-kept" || return 1
		guard_state=kept
	else
		guard_state=made
	fi
	printf '#!/bin/sh\nexit 101\n' | $sudo tee "$guard" >/dev/null &&
	    $sudo chmod 755 "$guard"
}

guard_restore() {
	case $guard_state in
	kept) $sudo mv -f "$guard.beimen-kept" "$guard" ;;
	made) $sudo rm -f "$guard" ;;
	esac
	guard_state=untouched
}

install_missing() {
	local list names

	list=$(
		missing_of tools/packages.run
		[ "$want" = test ] && missing_of tools/packages.test
	)
	[ -n "$list" ] || return 0
	say "==> 缺少以下 Debian 套件 / Debian packages that are missing:"
	printf '%s\n' "$list" | while IFS=$'\t' read -r names why; do
		say "    $names — $why"
	done

	sudo=
	if [ "$(id -u)" != 0 ]; then
		if ! command -v sudo >/dev/null 2>&1; then
			names=$(printf '%s\n' "$list" | cut -f1 |
			    cut -d' ' -f1 | tr '\n' ' ')
			say "==> 需要 root 或 sudo。請管理者執行："
			say "    This needs root or sudo. Ask an administrator to run:"
			say "    apt-get install --no-install-recommends $names"
			return 3
		fi
		sudo="sudo --"
	fi
	trap guard_restore EXIT
	trap 'exit 130' INT TERM
	guard_set || {
		say "==> cannot write $guard (no root rights?)"
		return 3
	}
	say "==> apt-get update"
	$sudo env DEBIAN_FRONTEND=noninteractive apt-get -qq update ||
		say "==> apt-get update failed; trying with the lists at hand"
	names=$(printf '%s\n' "$list" | cut -f1 | while read -r names; do
		# shellcheck disable=SC2086
		first_known $names
	done | tr '\n' ' ')
	say "==> apt-get install $names"
	# shellcheck disable=SC2086
	$sudo env DEBIAN_FRONTEND=noninteractive apt-get -qq -y \
	    -o Dpkg::Use-Pty=0 install --no-install-recommends $names \
	    >build/setup.log 2>&1 || {
		tail -n 30 build/setup.log >&2
		say "==> apt-get install failed; all of its output: build/setup.log"
		return 3
	}
	guard_restore
}

# npm packages are pinned by package-lock.json. What run takes from there is
# optional, so a machine without npm builds all the same; what only tests need
# is fetched for tests alone.
npm_packages() {
	local done_for omit=--omit=dev

	[ "$want" = test ] && omit=
	for done_for in test $([ "$want" = run ] && echo run); do
		[ node_modules/.beimen-$done_for -nt package-lock.json ] &&
		    return 0
	done
	if ! command -v npm >/dev/null 2>&1; then
		[ "$want" = run ] && return 0
		say "==> npm is missing, and the tests need package-lock.json"
		return 3
	fi
	say "==> npm ci $omit"
	# shellcheck disable=SC2086
	npm ci $omit --no-audit --no-fund --loglevel=error >&2 || {
		[ "$want" = test ] && return 3
		say "==> npm 無法取得 htmx，頁面照常可用 / npm failed; the pages"
		say "    work without htmx"
		return 0
	}
	touch "node_modules/.beimen-$want"
}

# The users of the processes, from the list that systemd-sysusers reads.
users_make() {
	local list=packaging/systemd/beimen.sysusers kind name rest made=

	while read -r kind name rest; do
		case $kind in
		g)
			getent group "$name" >/dev/null && continue
			groupadd --system "$name" || return 3
			made="$made $name"
			;;
		u)
			getent passwd "$name" >/dev/null && continue
			rest=${rest#*\"}
			useradd --system --user-group --no-create-home \
			    --home-dir /nonexistent --groups beimen \
			    --shell /usr/sbin/nologin \
			    --comment "${rest%\"*}" "$name" || return 3
			made="$made $name"
			;;
		m)
			id -nG "$name" | grep -qw "$rest" && continue
			usermod --append --groups "$rest" "$name" || return 3
			;;
		esac
	done <"$list"
	[ -z "$made" ] || {
		say "==> 建立各行程的使用者 / users of the processes, made:"
		say "   $made"
	}
}

case $want in
run | test) ;;
users)
	users_make
	exit
	;;
*)
	say "usage: tools/setup.sh run|test|users"
	exit 2
	;;
esac

mkdir -p build
if command -v dpkg-query >/dev/null 2>&1 &&
    command -v apt-get >/dev/null 2>&1; then
	install_missing || exit $?
else
	say "==> This is not Debian: please see to the packages named in"
	say "    tools/packages.run (and tools/packages.test for tests)."
fi
if [ "$(id -u)" = 0 ]; then
	users_make || exit $?
fi
npm_packages || exit $?
exit 0

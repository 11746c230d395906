#!/usr/bin/env bash
# Copies what was built to where it is to stay: tools/install.sh
#
# PREFIX (default /usr/local) and DESTDIR as usual. Starts and enables
# nothing; the lines it prints at the end say what an administrator does next.
set -eu
cd "$(dirname "$0")/.."

prefix=${PREFIX:-/usr/local}
root=${DESTDIR:-}
share=$root$prefix/share
put() { install -D -m "$1" "$2" "$3"; }

put 755 build/release/src/proc/beimen "$root$prefix/bin/beimen"
for page in doc/man/*.[1-9]; do
	put 644 "$page" "$share/man/man${page##*.}/$(basename "$page")"
done
put 644 share/bash-completion/beimen \
    "$share/bash-completion/completions/beimen"

# What the program reads at its start: packs, registers, log rules.
for folder in regulations registers normalize detections; do
	rm -rf "$share/beimen/$folder"
	find "$folder" -type f -not -name '.*' | while read -r file; do
		put 644 "$file" "$share/beimen/$file"
	done
done
put 644 LICENSE "$share/doc/beimen/LICENSE"
for text in README.md doc/*.md; do
	put 644 "$text" "$share/doc/beimen/$(basename "$text")"
done

# The host's own folders: with PREFIX=/usr as a package has them.
case $prefix in
/usr) lib=$root/usr/lib ;;
*) lib=$root/etc ;;
esac
install -d "$lib/systemd/system" "$lib/sysusers.d" "$lib/tmpfiles.d"
sed "s,@PREFIX@,$prefix,g" packaging/systemd/beimen.service.in \
    >"$lib/systemd/system/beimen.service"
chmod 644 "$lib/systemd/system/beimen.service"
put 644 packaging/systemd/beimen.sysusers "$lib/sysusers.d/beimen.conf"
put 644 packaging/systemd/beimen.tmpfiles "$lib/tmpfiles.d/beimen.conf"
[ -e "$root/etc/beimen/beimen.conf" ] ||
    put 644 packaging/beimen.conf "$root/etc/beimen/beimen.conf"

[ -n "$root" ] || cat <<EOM
beimen is installed below $prefix. Next, as root:
    systemd-sysusers && systemd-tmpfiles --create
    systemctl daemon-reload && systemctl enable --now beimen
    journalctl -u beimen     # the addresses and the first administrator
EOM

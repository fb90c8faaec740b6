# Installs Debian packages for the lab without starting what they bring.
# Arguments: the packages. Runs as root. One at a time on a machine, since the
# policy below is one file for all.
set -eu
exec 9>/run/lock/mailpath-lab-install.lock
flock 9

export DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1
policy=/usr/sbin/policy-rc.d
saved=$policy.before-mailpath-lab

restore() {
	if [ -e "$saved" ]; then mv -f "$saved" "$policy"; else rm -f "$policy"; fi
}
# An earlier run that was killed left what it had saved.
if [ -e "$saved" ]; then restore; fi

# A machine that already refuses starts (containers do) needs no policy of ours.
refuses() { [ -x "$policy" ] && { "$policy" postfix start >/dev/null 2>&1; [ $? -eq 101 ]; }; }
if ! refuses; then
	if [ -e "$policy" ]; then mv "$policy" "$saved"; fi
	trap restore EXIT
	trap 'exit 1' HUP INT TERM
	printf '#!/bin/sh\nexit 101\n' >"$policy"
	chmod 0755 "$policy"
fi

absent=
for package; do
	dpkg-query -W -f='${db:Status-Abbrev}' "$package" 2>/dev/null | grep -q '^ii' || absent="$absent $package"
done

# No /etc/postfix/main.cf: the lab brings its own configuration directories.
echo 'postfix postfix/main_mailer_type select No configuration' | debconf-set-selections
wait='-o DPkg::Lock::Timeout=300'
apt-get $wait -q update
# --no-remove: another mail server of this machine is not ours to remove.
apt-get $wait -q install -y --no-remove --no-install-recommends "$@"

# What was not there before must not come up with the next boot either.
if [ -d /run/systemd/system ]; then
	for package in $absent; do
		case $package in
		postfix) systemctl disable --quiet postfix.service || : ;;
		dovecot-core) systemctl disable --quiet dovecot.service dovecot.socket || : ;;
		postgrey) systemctl disable --quiet postgrey.service || : ;;
		esac
	done
fi

# Installs Debian packages for the browser. Arguments: the packages. Runs as root, one at
# a time on a machine.
set -eu
exec 9>/run/lock/mailpath-lab-install.lock
flock 9

export DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1
wait='-o DPkg::Lock::Timeout=300'
apt-get $wait -q update
apt-get $wait -q install -y --no-remove --no-install-recommends "$@"

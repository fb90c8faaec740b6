# Makes the root directory of one Exim. Runs as root, so that the program and its
# configuration are root's, as Exim demands.
# Arguments: what exim-fetch.sh has made, the new root, a user and a group by number.
set -eu
tree=$1 root=$2 uid=$3 gid=$4
mkdir -p "$root"
cp -r "$tree/." "$root"
cd "$root"
mkdir -p etc/exim4 spool log tmp dev
chmod 1777 tmp
# Exim only wants something there to open; a device may not work on every file system.
: >dev/null
chmod 0666 dev/null
# The user is compiled in by its name.
echo "root:x:0:0::/:/bin/false
Debian-exim:x:$uid:$gid::/spool:/bin/false" >etc/passwd
echo "root:x:0:
Debian-exim:x:$gid:" >etc/group
chown "$uid:$gid" spool log

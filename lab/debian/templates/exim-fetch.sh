# Makes a directory that an Exim runs in as its root: the program and the libraries
# that it is linked with. Debian's package conflicts with that of Postfix, so it is
# unpacked and not installed; apt-get checks what it downloads.
# Arguments: a directory of ours, in which it makes "exim"; nothing if that is there.
set -eu
cd "$1"
exec 9>exim.lock
flock 9
[ ! -e exim ] || exit 0
# What an earlier run has left that was killed.
rm -rf exim.new exim.packages
mkdir -p exim.new exim.packages
cd exim.packages

package=exim4-daemon-light
libraries=$(apt-cache depends "$package" | sed -n 's/^  Depends: \(lib.*\)/\1/p')
# Lines of packages that are there, though older, have their version in brackets.
missing=$(apt-get -s --no-install-recommends install $libraries | sed -n 's/^Inst \([^ ]*\) (.*/\1/p')
apt-get -q download "$package" $missing
for file in *.deb; do dpkg -x "$file" .; done

new=../exim.new
LD_LIBRARY_PATH=$(find "$PWD" -name '*.so.*' -printf '%h\n' | sort -u | tr '\n' ':')
export LD_LIBRARY_PATH
linked=$(ldd usr/sbin/exim4)
case $linked in
*'not found'*) echo "exim4 lacks a library: $linked" >&2; exit 1 ;;
esac
unset LD_LIBRARY_PATH
# Where the loader looks: its own place, and the directories it knows by itself.
for library in $(echo "$linked" | sed -n 's/.* => \(\/[^ ]*\) .*/\1/p; s/^[[:space:]]*\(\/[^ ]*\) .*/\1/p'); do
	to=$new${library#"$PWD"}
	mkdir -p "${to%/*}"
	cp -L "$library" "$to"
done
mkdir -p "$new/usr/sbin"
cp usr/sbin/exim4 "$new/usr/sbin/exim4"
chmod 0755 "$new/usr/sbin/exim4"
cd ..
rm -rf exim.packages
mv -T exim.new exim

# Keeps one server: runs it in a session of its own and ends that session when
# standard input ends, which it does however the process that holds the other end
# goes away. (A parent-death signal reaches one process only, is lost on sudo,
# and in Go belongs to a thread.)
# Arguments: a file for what the server prints, then its command.
# Prints the session's id, which is the server's process id.
exec 3<&0
console=$1
shift
setsid "$@" </dev/null 3<&- >>"$console" 2>&1 &
server=$!
echo "$server"
exec >/dev/null 2>&1
(
	read -r _ <&3
	kill -s TERM "$server"
	# Postfix and Dovecot end within a second; one that hangs is killed.
	tries=0
	while kill -0 "$server" && [ "$tries" -lt 100 ]; do
		tries=$((tries + 1))
		sleep 0.05
	done
	kill -s KILL -- "-$server"
) &
guard=$!
wait "$server"
status=$?
# However the server ended, its children must go too: Postfix ends its own, but a
# Dovecot leaves those that Postfix has a connection to.
kill "$guard"
kill -s TERM -- "-$server"
sleep 0.1
kill -s KILL -- "-$server"
exit "$status"

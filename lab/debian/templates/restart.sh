# Runs a command again whenever it ends, as a service manager does.
# Arguments: the command.
while :; do
	"$@"
	sleep 0.1
done

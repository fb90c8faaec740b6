package probe

// Finding is the answer to a check: a question asked of a component without sending
// mail.
type Finding struct {
	Check     string // the kind of check, such as smtp
	Target    string // what was asked, such as a host and port
	Component string // of the configuration; empty: the target belongs to none
	State     FindingState
	Reason    string // what was got, and what would be right
	Advice    string // what to do next; empty: nothing
}

// FindingState is what a finding comes to.
type FindingState string

// The states of a finding.
const (
	FindingOK      FindingState = "ok"
	FindingWarning FindingState = "warning" // works, and will not for long, or not well
	FindingFailed  FindingState = "failed"
	FindingUnknown FindingState = "unknown" // the question could not be asked; says nothing of the component
)

// FindingStates lists all states in the order in which they are shown.
var FindingStates = [...]FindingState{FindingOK, FindingWarning, FindingFailed, FindingUnknown}

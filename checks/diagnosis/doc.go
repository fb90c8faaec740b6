// Package diagnosis names the component that most likely broke, also for mail that
// never arrives, and says when it is over.
//
// Diagnose weighs every small set of failed components against what is known: which
// routes carry mail and which do not since the trouble began, where messages were
// refused, what checks found, what bounces say and where late mail waited. What comes
// out is the probability of each component that the routes can tell from the others,
// with the reasons in words. A Monitor collects that evidence from the changes and
// tells when the verdict becomes another one; Coverage says before anything breaks
// which components the routes could not tell apart.
package diagnosis

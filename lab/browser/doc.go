// Package browser drives Debian's Chromium, for tests of pages as people see them: on a
// telephone and on a wall, in the light and in the dark, with JavaScript and without it.
//
// Install gets Chromium and axe-core, the rules of accessibility. A Browser is one process
// without a window and with a profile of its own, which reaches loopback and nothing else.
// Each Page is a tab without cookies and cache of others; it writes down what it asked
// servers for, and what went wrong. All calls are bounded in time, and what a Browser has
// started ends with it.
package browser

// Package config reads what a user writes: YAML in, plain structs out, and every
// problem at once, each with its line and column, what was got and what would be
// right. It builds nothing: it opens no connection and reads no secret.
//
// Data walks from Load or Parse through the library's tree of nodes, which keeps
// positions; each mapping is read against a table of its keys, which is also the
// source of the reference (Reference) and of the defaults. Names are collected
// section by section, so that routes find their senders, mailboxes and components
// wherever these stand in the file; lists of servers are expanded on the way. What
// comes out holds no default left to fill in; WriteYAML writes it back.
package config

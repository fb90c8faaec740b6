package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// build says what this program was built from.
type buildInfo struct{ version, revision string }

// buildOf reads what the Go toolchain has noted in the program.
func buildOf() buildInfo {
	b := buildInfo{version: "unknown", revision: "unknown"}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	b.version = info.Main.Version
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			b.revision = s.Value
		}
	}
	return b
}

func newVersion() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			b := buildOf()
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "mailpath %s (revision %s, %s)\n", b.version, b.revision, runtime.Version())
			return err
		},
	}
}

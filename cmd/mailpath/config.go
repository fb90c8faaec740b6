package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mailpath/mailpath/probe"
	"github.com/mailpath/mailpath/probe/config"
)

const defaultConfig = "mailpath.yaml"

func newConfig() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "config",
		Short: "Check, show and write configurations",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newConfigCheck(), newConfigShow(), newConfigExample(), newConfigKey())
	return cmd
}

// fileArgument is the configuration that a command is given, or the usual one.
func fileArgument(args []string) string {
	if len(args) == 0 {
		return defaultConfig
	}
	return args[0]
}

// loadConfig reads a configuration; what is wrong with it is the user's to mend.
func loadConfig(path string) (*config.Config, error) { return loaded(config.Load(path)) }

func loaded(cfg *config.Config, err error) (*config.Config, error) {
	if errors.Is(err, fs.ErrNotExist) {
		err = fmt.Errorf("%w: `mailpath config example` prints one to start from", err)
	}
	return cfg, usage(err)
}

// counted is a number of things in words.
func counted(n int, thing string) string {
	switch {
	case n == 1:
		return "1 " + thing
	case strings.HasSuffix(thing, "x"):
		return fmt.Sprintf("%d %ses", n, thing)
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

func newConfigShow() *cobra.Command {
	return &cobra.Command{
		Use:   "show [FILE]",
		Short: "Print a configuration with its defaults filled in and no secret in it",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			cfg, err := loadConfig(fileArgument(args))
			if err != nil {
				return err
			}
			return cfg.WriteYAML(cmd.OutOrStdout())
		},
	}
}

func newConfigExample() *cobra.Command {
	return &cobra.Command{
		Use:   "example",
		Short: "Print a configuration to start from",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := io.WriteString(cmd.OutOrStdout(), config.Example())
			return err
		},
	}
}

func newConfigKey() *cobra.Command {
	return &cobra.Command{
		Use:   "key [FILE]",
		Short: "Make a key that signs test messages",
		Long: `key makes a new tag key and prints it, or writes it to a new file that only its
owner can read. Name the file in tag_keys: the first key there signs, all verify,
so a new key goes on top and the old one stays until its messages have settled.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				err := makeKeyFile(args[0])
				if errors.Is(err, fs.ErrExist) {
					return usage(fmt.Errorf("%w: name another file, or move that one away", err))
				}
				return ours(err)
			}
			key, err := probe.NewKey(rand.Reader)
			if err != nil {
				return ours(err)
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), key.Reveal())
			return err
		},
	}
}

// makeKeyFile writes a new key to a file that is not there yet.
func makeKeyFile(path string) error {
	key, err := probe.NewKey(rand.Reader)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("writing a tag key: %w", err)
	}
	_, err = io.WriteString(f, key.Reveal()+"\n")
	return errors.Join(err, f.Sync(), f.Close())
}

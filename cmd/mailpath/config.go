package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"

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
func loadConfig(path string) (*config.Config, error) {
	cfg, err := config.Load(path)
	if err != nil {
		return nil, &exitError{exitUsage, err}
	}
	return cfg, nil
}

func newConfigCheck() *cobra.Command {
	return &cobra.Command{
		Use:   "check [FILE]",
		Short: "Find the mistakes in a configuration before production does",
		Long: `check reads a configuration, ` + defaultConfig + ` by default, and prints every mistake in it
at once, each with its line and column, what was found and what would be right.
Keys and passwords are read once, to see that they can be. It asks nothing of the network.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			cfg, err := loadConfig(fileArgument(args))
			if err != nil {
				return err
			}
			for _, n := range cfg.Notes {
				fmt.Fprintln(cmd.OutOrStdout(), "note:", n)
			}
			if err := errors.Join(checkSecrets(cfg)...); err != nil {
				return &exitError{exitUsage, err}
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s is good: %d routes, %d probes, %d mailboxes\n",
				fileArgument(args), len(cfg.Routes), len(cfg.Probes), len(cfg.Mailboxes))
			return err
		},
	}
}

// checkSecrets reads every secret once and forgets it.
func checkSecrets(cfg *config.Config) []error {
	var problems []error
	if len(cfg.TagKeys) > 0 {
		_, err := configuredKeys(cfg)
		problems = append(problems, err)
	}
	check := func(owner string, a *config.Auth) {
		if a == nil {
			return
		}
		if _, err := a.Password.Value(); err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", owner, err))
		}
	}
	for _, s := range cfg.Senders {
		check("sender "+s.Name, s.SMTP.Auth)
	}
	for _, m := range cfg.Mailboxes {
		check("mailbox "+m.Name, m.IMAP.Auth)
	}
	return problems
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
				return ours(makeKeyFile(args[0]))
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

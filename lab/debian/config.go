package debian

import (
	"fmt"
	"os"
	"path/filepath"
)

// account is a user as Config's template sees it.
type account struct {
	Host         *Host
	User         User
	PasswordFile string
}

// Config is a mailpath configuration for this lab, with the file of a tag key. The
// passwords it names are in files of the lab's own directory, for their owner only.
func (l *Lab) Config(tagKey string) (string, error) {
	var accounts []account
	for _, h := range l.hosts() {
		for _, u := range h.Users {
			file := filepath.Join(l.Dir, u.Mailbox+".password")
			if err := os.WriteFile(file, []byte(u.Password+"\n"), 0o600); err != nil {
				return "", fmt.Errorf("writing the password of %s: %w", u.Address, err)
			}
			accounts = append(accounts, account{Host: h, User: u, PasswordFile: file})
		}
	}
	text, err := render("mailpath.yaml.tmpl", struct {
		Lab                    *Lab
		FilterHostname, TagKey string
		Accounts               []account
	}{l, filterHostname, tagKey, accounts})
	return string(text), err
}

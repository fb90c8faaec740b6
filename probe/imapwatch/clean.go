package imapwatch

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/emersion/go-imap/v2"

	"github.com/mailpath/mailpath/probe"
)

// asked is where calls of Clean wait for the goroutine that watches: for a pause, or
// for any moment.
type asked struct{ calm, pressing chan *cleaning }

// cleaning is one call of Clean, handed to the goroutine that watches.
type cleaning struct {
	refs  []probe.Ref
	ended chan error // room for one
}

// end gives Clean its error, and the watch the same if it must end with it.
func (c *cleaning) end(err error) error {
	c.ended <- err
	if isHarmless(err) {
		return nil
	}
	return err
}

// Clean implements probe.Cleaner. References to another UIDVALIDITY than a folder
// has now are passed over: that folder was made anew. The server's refusal is
// returned, and the watch goes on.
func (w *Watcher) Clean(ctx context.Context, refs []probe.Ref) error {
	if len(refs) == 0 {
		return ctx.Err()
	}
	if err := w.handOver(ctx, &cleaning{refs: refs, ended: make(chan error, 1)}); err != nil {
		return fmt.Errorf("cleaning mailbox %s at %s: %w", w.cfg.Mailbox, w.cfg.Server, err)
	}
	return nil
}

// patience is how long a call waits for a pause that is long enough. A mailbox that
// never has one is cleaned between two looks.
const patience = time.Minute

// handOver waits until the watch takes the call, and until it has ended.
func (w *Watcher) handOver(ctx context.Context, c *cleaning) error {
	pressing := time.NewTimer(patience)
	defer pressing.Stop()
	select {
	case w.asked.calm <- c:
	case <-pressing.C:
		select {
		case w.asked.calm <- c:
		case w.asked.pressing <- c:
		case <-ctx.Done():
			return ctx.Err()
		}
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-c.ended:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// isHarmless tells whether an error of cleaning has left the connection as it was.
func isHarmless(err error) bool {
	return err == nil || errors.Is(err, probe.ErrNoUIDExpunge) || isRefusal(err)
}

// clean deletes messages and opens the first folder read-only again. The next look
// opens it once more and reads on from its mark, so that nothing that has come
// meanwhile is missed.
func (s *session) clean(refs []probe.Ref) error {
	byFolder := make(map[string][]probe.Ref)
	for _, r := range refs {
		byFolder[r.Folder] = append(byFolder[r.Folder], r)
	}
	var refusals []error
	for _, folder := range slices.Sorted(maps.Keys(byFolder)) {
		err := s.delete(folder, byFolder[folder])
		if err != nil {
			err = fmt.Errorf("folder %s: %w", folder, err)
		}
		if !isRefusal(err) && err != nil {
			return err
		}
		refusals = append(refusals, err)
	}
	if _, err := s.enter(s.folders[0].name, true); err != nil {
		return err
	}
	s.examined = ""
	return errors.Join(refusals...)
}

// delete deletes messages of one folder by UID. A plain EXPUNGE would take with
// them what others have marked, and so would MOVE where it is made of it.
func (s *session) delete(folder string, refs []probe.Ref) error {
	if !s.caps.Has(imap.CapUIDPlus) {
		return probe.ErrNoUIDExpunge
	}
	data, err := s.enter(folder, false)
	if refusal := new(imap.Error); errors.As(err, &refusal) && refusal.Code == imap.ResponseCodeNonExistent {
		return nil
	}
	if err != nil {
		return err
	}
	var uids []imap.UID
	for _, r := range refs {
		if r.UIDValidity == data.UIDValidity && r.UIDValidity != 0 && r.UID != 0 { // UID 0 would be written "*"
			uids = append(uids, imap.UID(r.UID))
		}
	}
	for part := range slices.Chunk(uids, fetchAtOnce) {
		if err := s.expunge(imap.UIDSetNum(part...)); err != nil {
			return err
		}
	}
	return nil
}

// expunge marks messages of the open folder and removes them (RFC 4315 section 2.1).
func (s *session) expunge(uids imap.UIDSet) error {
	err := s.do("marking messages as deleted", func() error {
		deleted := &imap.StoreFlags{Op: imap.StoreFlagsAdd, Silent: true, Flags: []imap.Flag{imap.FlagDeleted}}
		return s.client.Store(uids, deleted, nil).Close()
	})
	if err != nil {
		return err
	}
	return s.do("expunging messages", func() error { return s.client.UIDExpunge(uids).Close() })
}

// enter opens a folder.
func (s *session) enter(folder string, readOnly bool) (data *imap.SelectData, err error) {
	s.examined = ""
	s.notices.forget() // they were told of another folder
	err = s.do("opening it", func() error {
		data, err = s.client.Select(folder, &imap.SelectOptions{ReadOnly: readOnly}).Wait()
		return err
	})
	if err == nil && readOnly {
		s.examined = folder
		s.notices.opened(data.NumMessages)
	}
	return data, err
}

package journal

import (
	"syscall"

	"go.etcd.io/bbolt"
)

// release gives the memory back that stands for the pages of the file which have
// been read: the library maps the file, and what was read of it would count as the
// process's own for ever. The pages stay in the system's cache.
func (s *store) release() {
	_ = s.view(func(tx *bbolt.Tx) error {
		syscall.Syscall(syscall.SYS_MADVISE, tx.DB().Info().Data, uintptr(tx.Size()), syscall.MADV_DONTNEED)
		return nil
	})
}

package journal

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"os"
)

// The library trusts what it maps into memory: a page that is not what it should be
// ends the process, now or much later, or hangs it. So each page of a file is read
// and checked before it is trusted, with the layout of go.etcd.io/bbolt version 2
// (internal/common), which other versions of the library read too.
const (
	pageHeader  = 16 // id, flags, count, overflow
	elementSize = 16 // of branches: pos, ksize, id; of leaves: flags, pos, ksize, vsize
	metaOffset  = pageHeader
	metaSize    = 64
	bucketSize  = 16 // root, sequence

	flagBranch   = 0x01
	flagLeaf     = 0x02
	flagFreelist = 0x10
	flagBucket   = 0x01 // of an element

	magic      = 0xED0CDAED
	noFreelist = 1<<64 - 1
	smallest   = 4 * 4096 // bytes of an empty database
)

// checker reads the pages of a database.
type checker struct {
	file     io.ReaderAt
	pageSize int
	pages    uint64 // how many there are
	seen     []bool // those that are in use
	last     []byte // the newest key of the bucket being read
	spare    [][]byte
}

// check gives errDamaged unless all that is in use of a database is sound. The file
// must not be written meanwhile.
func check(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	c := &checker{file: file}
	meta, err := c.meta()
	if err != nil {
		return err
	}
	root, freelist := binary.NativeEndian.Uint64(meta[16:]), binary.NativeEndian.Uint64(meta[32:])
	if err := c.bucket(root); err != nil || freelist == noFreelist {
		return err
	}
	return c.freelist(freelist)
}

func damage(what string, args ...any) error {
	return fmt.Errorf("%w: %s", errDamaged, fmt.Sprintf(what, args...))
}

// meta finds the newer of the two meta pages that is whole. The first may say where
// the second is; if it cannot, the usual place is tried.
func (c *checker) meta() (newest []byte, err error) {
	c.pageSize = os.Getpagesize()
	for i := range 2 {
		meta := make([]byte, metaSize)
		if _, err := c.file.ReadAt(meta, int64(i*c.pageSize+metaOffset)); err != nil {
			return nil, c.broken(uint64(i), err)
		}
		sum := fnv.New64a()
		sum.Write(meta[:56])
		size := int(binary.NativeEndian.Uint32(meta[8:]))
		if binary.NativeEndian.Uint32(meta) != magic || sum.Sum64() != binary.NativeEndian.Uint64(meta[56:]) || size < 1024 || size > 1<<24 {
			continue
		}
		c.pageSize = size
		if newest == nil || binary.NativeEndian.Uint64(meta[48:]) > binary.NativeEndian.Uint64(newest[48:]) {
			newest = meta
		}
	}
	if newest == nil {
		return nil, damage("neither meta page is whole")
	}
	info, err := c.file.(*os.File).Stat()
	if err != nil {
		return nil, err
	}
	c.pages = binary.NativeEndian.Uint64(newest[40:])
	if c.pages > uint64(info.Size())/uint64(c.pageSize) {
		return nil, fmt.Errorf("%w: got %d bytes, want %d pages", errCut, info.Size(), c.pages)
	}
	c.seen = make([]bool, c.pages)
	return newest, nil
}

// page reads one page, with those that continue it, and notes it as used.
func (c *checker) page(id uint64) ([]byte, error) {
	if id < 2 || id >= c.pages {
		return nil, damage("got page %d of %d", id, c.pages)
	}
	page := c.blank()
	at := int64(id) * int64(c.pageSize)
	if _, err := c.file.ReadAt(page, at); err != nil {
		return nil, c.broken(id, err)
	}
	got, count := binary.NativeEndian.Uint64(page), uint64(binary.NativeEndian.Uint32(page[12:]))+1
	if got != id || count > c.pages-id {
		return nil, damage("page %d says that it is %d, of %d pages", id, got, count)
	}
	for n := range count {
		if c.seen[id+n] {
			return nil, damage("page %d is used twice", id+n)
		}
		c.seen[id+n] = true
	}
	if count > 1 {
		page = make([]byte, count*uint64(c.pageSize))
		if _, err := c.file.ReadAt(page, at); err != nil {
			return nil, c.broken(id, err)
		}
	}
	return page, nil
}

// blank gives memory for a page, used before if there is some.
func (c *checker) blank() []byte {
	if last := len(c.spare) - 1; last >= 0 {
		page := c.spare[last]
		c.spare = c.spare[:last]
		return page[:c.pageSize]
	}
	return make([]byte, c.pageSize)
}

// broken tells a file that ends too early from a disk that cannot be read.
func (c *checker) broken(id uint64, err error) error {
	if errors.Is(err, io.EOF) {
		return damage("the file ends before page %d", id)
	}
	return err
}

// bucket checks a bucket by the page at its root.
func (c *checker) bucket(root uint64) error {
	outer := c.last
	defer func() { c.last = outer }()
	c.last = nil
	return c.tree(root, nil)
}

// tree checks a page and those below it; no key may be lower than least.
func (c *checker) tree(id uint64, least []byte) error {
	page, err := c.page(id)
	if err != nil {
		return err
	}
	err = c.elements(id, page, least)
	c.spare = append(c.spare, page)
	return err
}

func (c *checker) elements(id uint64, page, least []byte) error {
	flags, count := binary.NativeEndian.Uint16(page[8:]), int(binary.NativeEndian.Uint16(page[10:]))
	if flags != flagLeaf && flags != flagBranch || pageHeader+count*elementSize > len(page) || flags == flagBranch && count == 0 {
		return damage("page %d has %d elements and flags %#x", id, count, flags)
	}
	for i := range count {
		element := page[pageHeader+i*elementSize:]
		key, value, ok := parts(element, flags)
		switch {
		case !ok:
			return damage("element %d of page %d reaches out of it", i, id)
		case bytes.Compare(key, least) < 0, c.last != nil && bytes.Compare(key, c.last) <= 0:
			return damage("element %d of page %d is out of order", i, id)
		}
		if err := c.element(id, element, flags, key, value); err != nil {
			return err
		}
	}
	return nil
}

// element checks what is below an element: pages, a bucket, or nothing.
func (c *checker) element(id uint64, element []byte, flags uint16, key, value []byte) error {
	if flags == flagBranch {
		return c.tree(binary.NativeEndian.Uint64(element[8:]), key)
	}
	c.last = append(c.last[:0], key...)
	switch {
	case binary.NativeEndian.Uint32(element)&flagBucket == 0:
		return nil
	case len(value) < bucketSize:
		return damage("a bucket of page %d has %d bytes", id, len(value))
	}
	if root := binary.NativeEndian.Uint64(value); root != 0 {
		return c.bucket(root)
	}
	inline := value[bucketSize:]
	if len(inline) < pageHeader || binary.NativeEndian.Uint16(inline[8:]) != flagLeaf {
		return damage("a bucket within page %d is no leaf", id)
	}
	outer := c.last
	defer func() { c.last = outer }()
	c.last = nil
	return c.elements(id, inline, nil)
}

// parts gives key and value of an element, which lie behind it.
func parts(element []byte, flags uint16) (key, value []byte, ok bool) {
	var words [4]uint64
	for i := range words {
		words[i] = uint64(binary.NativeEndian.Uint32(element[4*i:]))
	}
	pos, ksize, vsize := words[0], words[1], uint64(0)
	if flags == flagLeaf {
		pos, ksize, vsize = words[1], words[2], words[3]
	}
	if pos < elementSize || pos+ksize+vsize > uint64(len(element)) {
		return nil, nil, false
	}
	return element[pos : pos+ksize], element[pos+ksize : pos+ksize+vsize], true
}

// freelist checks that no page that is in use may be used again. It comes last.
func (c *checker) freelist(id uint64) error {
	page, err := c.page(id)
	if err != nil {
		return err
	}
	count, first := uint64(binary.NativeEndian.Uint16(page[10:])), uint64(pageHeader)
	if count == 0xFFFF {
		count, first = binary.NativeEndian.Uint64(page[pageHeader:]), pageHeader+8
	}
	if binary.NativeEndian.Uint16(page[8:]) != flagFreelist || count > (uint64(len(page))-first)/8 {
		return damage("page %d is no list of %d free pages", id, count)
	}
	for i := range count {
		free := binary.NativeEndian.Uint64(page[first+8*i:])
		if free < 2 || free >= c.pages || c.seen[free] {
			return damage("page %d is in use and called free", free)
		}
		c.seen[free] = true
	}
	return nil
}

package status

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"mime"
	"net/http"
	"path"
	"time"
)

//go:embed static
var staticFiles embed.FS

// static is the files that pages load, by name.
type static map[string]file

type file struct {
	body []byte
	tag  string
	kind string
}

func readStatic() (static, error) {
	entries, err := staticFiles.ReadDir("static")
	if err != nil {
		return nil, err
	}
	files := make(static, len(entries))
	for _, e := range entries {
		body, err := staticFiles.ReadFile("static/" + e.Name())
		if err != nil {
			return nil, err
		}
		sum := sha256.Sum256(body)
		files[e.Name()] = file{body, hex.EncodeToString(sum[:8]), mime.TypeByExtension(path.Ext(e.Name()))}
	}
	return files, nil
}

// address is where a page finds a file. It changes with the content, so that what is kept
// is never an old one.
func (s static) address(name string) string { return "static/" + name + "?v=" + s[name].tag }

func (s static) serve(w http.ResponseWriter, r *http.Request) {
	f, known := s[r.PathValue("name")]
	if !known {
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	h.Set("Content-Type", f.kind)
	h.Set("ETag", `"`+f.tag+`"`)
	h.Set("Cache-Control", "no-cache")
	if r.URL.Query().Get("v") == f.tag {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(f.body))
}

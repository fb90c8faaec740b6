package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
)

// defaultURL is where a mailpath on this machine is found.
const defaultURL = "http://" + defaultListen

// errNothingRuns says that no mailpath listens at the URL.
var errNothingRuns = errors.New("nothing listens there")

// running is a mailpath that runs, as the command line speaks to it.
type running struct{ url string }

func urlFlag(cmd *cobra.Command, to *string) {
	cmd.Flags().StringVar(to, "url", defaultURL, "the `URL` of the running mailpath")
}

// get copies what the running mailpath answers.
func (r running) get(ctx context.Context, w io.Writer, path string, values url.Values) error {
	return r.do(ctx, w, http.MethodGet, path+"?"+values.Encode(), nil)
}

// post sends a JSON document and copies the answer.
func (r running) post(ctx context.Context, w io.Writer, path string, document []byte) error {
	return r.do(ctx, w, http.MethodPost, path, document)
}

func (r running) do(ctx context.Context, w io.Writer, method, path string, body []byte) error {
	request, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(r.url, "/")+path, bytes.NewReader(body))
	if err != nil {
		return usage(fmt.Errorf("asking the running mailpath: %w", err))
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := http.DefaultClient.Do(request)
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("asking %s: %w", r.url, errNothingRuns)
	case err != nil:
		return ours(fmt.Errorf("asking the running mailpath: %w", err))
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		said, _ := io.ReadAll(io.LimitReader(response.Body, 1000))
		if response.StatusCode == http.StatusBadRequest {
			return usage(fmt.Errorf("asking %s: %s", r.url, bytes.TrimSpace(said)))
		}
		return ours(fmt.Errorf("asking %s: got %s: %s", r.url, response.Status, bytes.TrimSpace(said)))
	}
	if _, err := io.Copy(w, response.Body); err != nil {
		return ours(fmt.Errorf("reading the answer of %s: %w", r.url, err))
	}
	return nil
}

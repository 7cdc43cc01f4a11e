// Checks a log directory with tools that are not Landfall's: golang.org/x/mod/sumdb/note and tlog.
// usage: verify DIR VERIFIER
package main

import (
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func fail(format string, a ...interface{}) {
	fmt.Fprintf(os.Stderr, format+"\n", a...)
	os.Exit(1)
}

func number(n int64) string {
	s := fmt.Sprintf("%03d", n%1000)
	for n >= 1000 {
		n /= 1000
		s = fmt.Sprintf("x%03d/%s", n%1000, s)
	}
	return s
}

// path names a tile as tlog-tiles does: sumdb's own names have the height in them.
func path(t tlog.Tile) string {
	level := strconv.Itoa(t.L)
	if t.L < 0 {
		level = "entries"
	}
	p := "tile/" + level + "/" + number(t.N)
	if t.W < 1<<uint(t.H) {
		p += fmt.Sprintf(".p/%d", t.W)
	}
	return p
}

type reader struct{ dir string }

func (r reader) Height() int                     { return 8 }
func (r reader) SaveTiles([]tlog.Tile, [][]byte) {}
func (r reader) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, t := range tiles {
		b, err := os.ReadFile(filepath.Join(r.dir, path(t)))
		if err != nil && t.W < 256 {
			full := t
			full.W = 256
			b, err = os.ReadFile(filepath.Join(r.dir, path(full)))
			if err == nil {
				b = b[:t.W*tlog.HashSize]
			}
		}
		if err != nil {
			return nil, err
		}
		all = append(all, b)
	}
	return all, nil
}

func main() {
	dir := os.Args[1]
	verifier, err := note.NewVerifier(os.Args[2])
	if err != nil {
		fail("key: %v", err)
	}
	signed, err := os.ReadFile(filepath.Join(dir, "checkpoint"))
	if err != nil {
		fail("%v", err)
	}
	n, err := note.Open(signed, note.VerifierList(verifier))
	if err != nil {
		fail("checkpoint: %v", err)
	}
	lines := strings.Split(n.Text, "\n")
	if len(lines) < 4 || lines[0] != verifier.Name() {
		fail("checkpoint: %q", n.Text)
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		fail("size: %v", err)
	}
	var root tlog.Hash
	b, err := base64.StdEncoding.DecodeString(lines[2])
	if err != nil || len(b) != len(root) {
		fail("root: %q", lines[2])
	}
	copy(root[:], b)
	tree := tlog.Tree{N: size, Hash: root}
	hashes := tlog.TileHashReader(tree, reader{dir})
	if size > 0 {
		h, err := tlog.TreeHash(size, hashes)
		if err != nil || h != root {
			fail("root of the tiles: %v %v", h, err)
		}
	}
	for first := int64(0); first < size; first += 256 {
		w := size - first
		if w > 256 {
			w = 256
		}
		t := tlog.Tile{H: 8, L: -1, N: first / 256, W: int(w)}
		data, err := os.ReadFile(filepath.Join(dir, path(t)))
		if err != nil {
			fail("%v", err)
		}
		for i := int64(0); i < w; i++ {
			if len(data) < 2 || len(data) < 2+int(data[0])<<8+int(data[1]) {
				fail("entry %d: bundle too short", first+i)
			}
			length := int(data[0])<<8 + int(data[1])
			leaf := tlog.RecordHash(data[2 : 2+length])
			data = data[2+length:]
			index := first + i
			got, err := hashes.ReadHashes([]int64{tlog.StoredHashIndex(0, index)})
			if err != nil || got[0] != leaf {
				fail("entry %d: not the leaf in the tiles (%v)", index, err)
			}
			if index%97 == 0 || index == size-1 {
				proof, err := tlog.ProveRecord(size, index, hashes)
				if err != nil || tlog.CheckRecord(proof, size, root, index, leaf) != nil {
					fail("entry %d: no proof (%v)", index, err)
				}
			}
		}
		if len(data) != 0 {
			fail("bundle %d: too long", first/256)
		}
	}
	fmt.Printf("go: %d entries of %s verified\n", size, verifier.Name())
}

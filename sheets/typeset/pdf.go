package typeset

import (
	"errors"
	"io"
)

// Meta is what a PDF says about itself.
type Meta struct{ Title, Author, Subject string }

// A PDF writes pages to w as they come.
type PDF struct{ w io.Writer }

// NewPDF begins a PDF file on w.
func NewPDF(w io.Writer, m Meta) *PDF { return &PDF{w: w} }

// Add writes one page.
func (d *PDF) Add(p *Page) error { return errors.New("typeset: no PDF yet") }

// Close ends the file.
func (d *PDF) Close() error { return nil }

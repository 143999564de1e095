package main

import (
	"fmt"
	"os"

	"bargkhan/sheets"
)

// designCmd is about design files.
type designCmd struct {
	Check  designCheckCmd  `cmd:"" help:"Say everything that is wrong with a design, or what it holds."`
	Import designImportCmd `cmd:"" help:"Make a design from the neutral layout form of sheets printed by others."`
}

// designCheckCmd checks design files.
type designCheckCmd struct {
	Files []string `arg:"" help:"Design files."`
}

// Run checks each file; one with faults makes the status that of a failure.
func (c *designCheckCmd) Run(s *streams) error {
	bad := 0
	for _, name := range c.Files {
		d, err := loadDesign(name)
		if err != nil {
			bad++
			fmt.Fprintln(s.err, err)
			continue
		}
		fields, bubbles := 0, 0
		for _, p := range d.Pages {
			fields += len(p.Fields)
			for _, f := range p.Fields {
				bubbles += len(f.Bubbles)
			}
		}
		fmt.Fprintf(s.out, "%s: %s, %g×%g mm, %d pages, %d fields, %d bubbles, digest %v\n",
			name, d.ID, d.Size.X, d.Size.Y, len(d.Pages), fields, bubbles, d.Digest())
	}
	if bad > 0 {
		return fmt.Errorf("%d of %d designs have faults", bad, len(c.Files))
	}
	return nil
}

// designImportCmd turns a layout into a design.
type designImportCmd struct {
	File string `arg:"" help:"The layout, as JSON."`
}

// Run writes the design to stdout.
func (c *designImportCmd) Run(s *streams) error {
	f, err := os.Open(c.File)
	if err != nil {
		return err
	}
	defer f.Close()
	d, err := sheets.ImportLayout(f)
	if err != nil {
		return fmt.Errorf("%s: %w", c.File, err)
	}
	return d.Encode(s.out)
}

// loadDesign reads and checks a design file.
func loadDesign(name string) (*sheets.Design, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	d, err := sheets.Parse(f)
	if err == nil {
		err = d.Validate()
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return d, nil
}

package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"bargkhan/api"
	"bargkhan/api/intake"
	"bargkhan/api/station"
)

// A Hall is what a station far away may set.
type Hall struct {
	// Server is where the service answers, https://omr.example.ir. Empty means a hall
	// without network: its files travel by `omrd station export`.
	Server string `toml:"server" env:"SERVER"`

	// CA is a file of certificates in PEM that the service's must be signed by. Empty
	// means the system's.
	CA string `toml:"ca" env:"CA"`

	// Pin is the SHA-256 of the public key of the service's certificate, in hexadecimal
	// digits: no other key is spoken to.
	//   openssl x509 -in cert.pem -pubkey -noout | openssl pkey -pubin -outform der | sha256sum
	Pin string `toml:"pin" env:"PIN"`

	// Plain allows an http server on another machine, over a line that is private by
	// other means.
	Plain bool `toml:"plain" env:"PLAIN"`

	// Key is the file with the key that the service's administrator gave. Empty means
	// Data/station.key.
	Key string `toml:"key" env:"KEY"`

	// Folders are where scanners drop files, each with a name. None means scans in
	// Data/scans.
	Folders Stations `toml:"folders" env:"FOLDERS"`

	// Listen is the address of the operator's page. It needs no login: other machines
	// can read it when it is not of this machine alone.
	Listen string `toml:"listen" env:"LISTEN"`
}

// key is where the station's key lies.
func (c *Config) key() string {
	if c.Station.Key != "" {
		return c.Station.Key
	}
	return filepath.Join(c.Data, "station.key")
}

// hall is where the station keeps its spool and its ledger.
func (c *Config) hall() string { return filepath.Join(c.Data, "station") }

// stationCmd is a station at a hall.
type stationCmd struct {
	Run    stationRunCmd    `cmd:"" default:"withargs" help:"Take scans here and send them to the service."`
	Export stationExportCmd `cmd:"" help:"Write what the service does not have yet to a stick, with a signed list."`
}

// stationRunCmd runs the station.
type stationRunCmd struct{}

// Run runs the station and its page until ctx is done.
func (*stationRunCmd) Run(ctx context.Context, c *Config) error {
	log := logger(c, os.Stderr)
	s := &station.Station{Data: c.hall(), KeyFile: c.key(), Log: log}
	if c.Station.Server != "" {
		var err error
		if s.Client, err = station.NewClient(station.Server{URL: c.Station.Server, CA: c.Station.CA, Pin: c.Station.Pin, Plain: c.Station.Plain}); err != nil {
			return err
		}
	}
	if err := openFolders(c, s); err != nil {
		return err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", c.Station.Listen)
	if err != nil {
		return fmt.Errorf("%w; set station.listen, or OMRD_STATION_LISTEN, to another address", err)
	}
	if err := s.Open(); err != nil {
		_ = listener.Close() // nobody was served
		return err
	}
	defer s.Close() //nolint:errcheck // every line of the ledger is on the disk already
	server := &http.Server{Handler: s.Handler(api.Assets(), c.Fonts), ReadHeaderTimeout: 10 * time.Second}
	fmt.Printf("\nThe station's page is at http://%s; it stops with Ctrl-C.\n\n", listener.Addr())
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return s.Run(ctx) })
	g.Go(func() error {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	g.Go(func() error { <-ctx.Done(); return server.Close() })
	return g.Wait()
}

// openFolders makes the drop folders of the station.
func openFolders(c *Config, s *station.Station) error {
	folders := c.Station.Folders
	if len(folders) == 0 {
		folders = Stations{"scans": filepath.Join(c.Data, "scans")}
	}
	for name, root := range folders {
		f := c.folder(name, root)
		if err := f.Init(); err != nil {
			return fmt.Errorf("folder %s: %w", name, err)
		}
		s.Folders = append(s.Folders, f)
	}
	slices.SortFunc(s.Folders, func(a, b *intake.Folder) int { return strings.Compare(a.Station, b.Station) })
	return nil
}

// stationExportCmd writes a stick. It may run beside the station.
type stationExportCmd struct {
	Dir string `arg:"" type:"existingdir" help:"Folder of the stick. Receipts that lie on it are taken in first."`
	All bool   `help:"Also what an earlier export wrote: when a stick was lost."`
}

// Run writes the stick.
func (e *stationExportCmd) Run(ctx context.Context, c *Config) error {
	x, err := station.WriteStick(ctx, c.hall(), c.key(), e.Dir, e.All, time.Now())
	if err != nil {
		return err
	}
	if x.Receipts > 0 {
		fmt.Printf("%d receipts were taken from the stick.\n", x.Receipts)
	}
	if x.Files == 0 {
		fmt.Println("Nothing is waiting for a stick.")
		return nil
	}
	fmt.Printf("%d files, %d KB, were written to %s.\nBring the stick to the office; there: omrd import FOLDER --token FILE\n",
		x.Files, x.Bytes>>10, strings.Join(x.Dirs, ", "))
	return nil
}

// importCmd brings a stick into the service.
type importCmd struct {
	Dir    string `arg:"" type:"existingdir" help:"Folder of the stick."`
	Token  string `required:"" type:"existingfile" help:"File with a token of the duty operator or expert."`
	Server string `help:"Where the service answers; https, or http on this machine." default:"http://127.0.0.1:8080"`
	CA     string `help:"File of certificates in PEM that the service's must be signed by."`
	Pin    string `help:"SHA-256 of the public key of the service's certificate."`
}

// Run brings everything in and says what came of it. Files that are missing or
// damaged on the stick make it an error, when all others are in.
func (i *importCmd) Run(ctx context.Context) error {
	c, err := station.NewClient(station.Server{URL: i.Server, CA: i.CA, Pin: i.Pin})
	if err != nil {
		return err
	}
	token, err := os.ReadFile(i.Token)
	if err != nil {
		return err
	}
	all, err := station.ReadStick(ctx, c, strings.TrimSpace(string(token)), i.Dir)
	bad := 0
	for _, x := range all {
		fmt.Printf("%s: station %s, %d files in the signed list: %d brought in, %d known before, %d missing or damaged\n",
			filepath.Base(x.Dir), x.Station, x.Files, x.Fresh, x.Known, len(x.Bad))
		for _, name := range x.Bad {
			fmt.Printf("  missing or damaged: %s\n", name)
		}
		bad += len(x.Bad)
	}
	if err != nil {
		return err
	}
	if bad > 0 {
		return fmt.Errorf("%d files are missing or damaged on the stick; everything else is in. Export again at the station, with --all", bad)
	}
	return nil
}

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/term"

	"bargkhan/api"
	"bargkhan/api/exam"
	"bargkhan/cmd/omrd/demo"
)

// demoCmd runs the service and the demo on it.
type demoCmd struct {
	Exit bool   `help:"Settle the doubts, certify, pull, verify, and end; the status says whether all is as on paper."`
	Seed uint64 `default:"1405" help:"Of everything that is made up."`
}

// finished marks a data folder whose demo came to its end; the next one begins anew.
const finished = "finished"

// Run runs the service in Data/demo. A demo that was broken off is continued.
func (d *demoCmd) Run(ctx context.Context, c *Config) error {
	c.Data = filepath.Join(c.Data, "demo")
	c.Archive, c.SigningKey, c.Stations = "", "", nil
	c.Settle, c.Poll = 300*time.Millisecond, 50*time.Millisecond // the demo's scanner never pauses longer
	if os.Getenv("OMRD_LISTEN") == "" && d.Exit {
		c.Listen = "127.0.0.1:0" // nobody will look
	}
	if err := d.begin(c); err != nil {
		return err
	}
	log, err := os.OpenFile(filepath.Join(c.Data, "omrd.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer log.Close()
	s, err := Open(ctx, *c, logger(c, log))
	if err != nil {
		return err
	}
	defer s.Close()
	token, err := s.demoToken(ctx)
	if err != nil {
		return err
	}
	return d.run(ctx, s, token)
}

// begin clears the folder of a demo that came to its end. Beside a database that is
// not ours nothing is cleared: what it remembers is in that folder.
func (d *demoCmd) begin(c *Config) error {
	if err := c.complete(); err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(c.Data, finished)); err == nil && c.Database == "" {
		if err := os.RemoveAll(c.Data); err != nil {
			return err
		}
	}
	return os.MkdirAll(c.Data, 0o755)
}

// run runs service and demo side by side. The end of either ends both, but that
// without Exit the service stays up after the demo's end.
func (d *demoCmd) run(ctx context.Context, s *Service, token string) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return s.Run(ctx) })
	g.Go(func() error {
		station := s.line.Folders[0]
		show := demo.Demo{
			Base: s.URL(), Token: token, Station: station.Station, Drop: filepath.Join(station.Root, "drop"), Dir: s.cfg.Data,
			Fonts: s.cfg.Fonts, Readers: s.cfg.Workers, Out: os.Stdout, Terminal: term.IsTerminal(int(os.Stdout.Fd())),
			Exit: d.Exit, Seed: d.Seed,
		}
		err := show.Run(ctx)
		if err == nil || errors.Is(err, demo.ErrDiffers) {
			err = errors.Join(err, os.WriteFile(filepath.Join(s.cfg.Data, finished), nil, 0o644))
		}
		if d.Exit || err != nil {
			stop()
			return err
		}
		fmt.Printf("\nThe service stays up at %s; its log is %s. It stops with Ctrl-C.\n", s.URL(), filepath.Join(s.cfg.Data, "omrd.log"))
		return nil
	})
	return g.Wait()
}

// demoToken makes an administrator for the demo and a token that acts as it.
func (s *Service) demoToken(ctx context.Context) (string, error) {
	a := exam.Account{Login: "admin", Name: "مدیر سامانه", Duties: []exam.Duty{exam.Admin}}
	if err := s.store.PutAccount(ctx, a, api.HashPassword(api.NewPassword())); err != nil {
		return "", err
	}
	secret, sum := api.NewSecret()
	return secret, s.store.PutToken(ctx, exam.Token{Name: "demo", By: a.Login, Duties: a.Duties}, sum)
}

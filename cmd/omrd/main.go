// Command omrd is the service: it takes scans from drop folders, reads and grades
// them, and answers HTTP.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"bargkhan/api/pipeline/child"
)

// version is set when the service is built.
var version = "unknown"

// cli is the command line.
type cli struct {
	Config string `short:"c" help:"Configuration file (TOML). The environment, OMRD_…, outranks it." placeholder:"FILE"`

	Serve   serveCmd   `cmd:"" help:"Run the whole service: stations, line, HTTP."`
	Work    workCmd    `cmd:"" help:"Only read scans, for a service on another machine with the same database and archive."`
	Station stationCmd `cmd:"" help:"A scanner station at a hall far from the service."`
	Import  importCmd  `cmd:"" help:"Bring in a stick that a station without network wrote."`
	Demo    demoCmd    `cmd:"" help:"Run the service and do its whole job on made scans."`
	Version struct{}   `cmd:"" help:"Say which build this is."`
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == child.Command {
		if err := child.Main(context.Background(), os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "omrd:", err)
		stop()
		os.Exit(1)
	}
}

// run is main without the process. Being told to stop is no error.
func run(ctx context.Context, args []string) error {
	var c cli
	p, err := kong.New(&c, kong.Name("omrd"), kong.Description("The service of Bargkhan, the answer-sheet reader."),
		kong.UsageOnError(), kong.BindTo(ctx, (*context.Context)(nil)))
	if err != nil {
		return err
	}
	k, err := p.Parse(args)
	if err != nil {
		return err
	}
	if k.Command() == "version" {
		fmt.Println(version)
		return nil
	}
	cfg, err := Load(c.Config, os.Environ())
	if err != nil {
		return err
	}
	if err := k.Run(&cfg); err != nil && !(errors.Is(err, context.Canceled) && ctx.Err() != nil) {
		return err
	}
	return nil
}

// logger writes the log that c asks for to w.
func logger(c *Config, w io.Writer) *slog.Logger {
	opts := &slog.HandlerOptions{Level: c.LogLevel}
	if c.Log == "json" {
		return slog.New(slog.NewJSONHandler(w, opts))
	}
	return slog.New(slog.NewTextHandler(w, opts))
}

// serveCmd runs the whole service.
type serveCmd struct{}

// Run serves until ctx is done.
func (*serveCmd) Run(ctx context.Context, c *Config) error {
	s, err := Open(ctx, *c, logger(c, os.Stderr))
	if err != nil {
		return err
	}
	defer s.Close()
	first, err := s.FirstAccount(ctx)
	if err != nil {
		return err
	}
	if first != nil {
		fmt.Printf("\nThe first account, shown this once:\n  login    %s\n  password %s\n", first.Login, first.Password)
	}
	fmt.Printf("\nBargkhan answers at %s; it stops with Ctrl-C.\n\n", s.URL())
	return s.Run(ctx)
}

// workCmd only reads.
type workCmd struct{}

// Run reads until ctx is done.
func (*workCmd) Run(ctx context.Context, c *Config) error {
	if c.Database == "" {
		return errors.New("work needs the database of the service: set database, or OMRD_DATABASE")
	}
	s, err := OpenWorker(ctx, *c, logger(c, os.Stderr))
	if err != nil {
		return err
	}
	defer s.Close()
	fmt.Printf("\nReading; metrics at %s/metrics; it stops with Ctrl-C.\n\n", s.URL())
	return s.RunWorker(ctx)
}

// Command omr is the desk tool: it prints designs, reads scans and checks
// designs, on one machine and without a database.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"syscall"

	"github.com/alecthomas/kong"
)

// version is set when the tool is built.
var version = "unknown"

// Exit statuses, as the README promises them.
const (
	exitRead     = 0 // everything was read
	exitFailed   = 1 // the tool failed: nothing may be concluded from its output
	exitReturned = 2 // the tool did its work, and something was returned
)

// errReturned says that some page or file was returned, which its row tells.
var errReturned = errors.New("something was returned")

// cli is the command line.
type cli struct {
	Read      readCmd      `cmd:"" help:"Read scans and write what they say as CSV: file,page,field,value,doubts."`
	Print     printCmd     `cmd:"" help:"Print a design as PDF."`
	Deck      deckCmd      `cmd:"" help:"Print a test deck for a design, or check its scans."`
	Key       keyCmd       `cmd:"" help:"Make a key of two filled key sheets that say the same."`
	Survey    surveyCmd    `cmd:"" help:"Count the sheets of a survey, linked to nobody."`
	Design    designCmd    `cmd:"" help:"Check a design, or make one from another form."`
	Calibrate calibrateCmd `cmd:"" help:"Learn a profile from pages whose answers are known."`
	Rejudge   rejudgeCmd   `cmd:"" help:"Apply another profile to stored readings, without pictures, and write what changes."`
	Bench     benchCmd     `cmd:"" help:"Measure how long reading takes, on pages of its own."`
	Version   struct{}     `cmd:"" help:"Say which build this is."`
}

// processors is how many of them this process may use.
var processors = runtime.GOMAXPROCS(0)

// spare is how many of Go's places to run stay free beside a worker for each processor.
// Reading is done in C, and when no place is free Go's monitor takes that of each worker
// that is in C for 20 µs and wakes a thread to look for work: a fifth of two workers'
// time on two processors, none with two places free.
const spare = 2

func main() {
	runtime.GOMAXPROCS(processors + spare)
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// run is main without the process.
func run(args []string, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var c cli
	p, err := kong.New(&c, kong.Name("omr"), kong.Description("The desk tool of Bargkhan, the answer-sheet reader."),
		kong.Writers(stdout, stderr), kong.UsageOnError(), kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(&streams{stdout, stderr}))
	if err != nil {
		fmt.Fprintln(stderr, "omr:", err)
		return exitFailed
	}
	k, err := p.Parse(args)
	if err != nil {
		fmt.Fprintln(stderr, "omr:", err)
		return exitFailed
	}
	if k.Command() == "version" {
		fmt.Fprintln(stdout, version)
		return exitRead
	}
	switch err := k.Run(); {
	case err == nil:
		return exitRead
	case errors.Is(err, errReturned):
		return exitReturned
	default:
		fmt.Fprintln(stderr, "omr:", err)
		return exitFailed
	}
}

// streams are where a command writes.
type streams struct{ out, err io.Writer }

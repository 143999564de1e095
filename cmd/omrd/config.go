package main

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/BurntSushi/toml"
	"github.com/caarlos0/env/v11"

	"bargkhan/api/intake"
)

// A Config is everything an installation may set. It is Default(), then a TOML
// file, then the environment (OMRD_ and the name in capitals), then Validate().
// Thresholds and rules are not in it: those are data with a pedigree and a version.
type Config struct {
	// Data is the folder of everything this installation keeps on disk. It is
	// created when absent.
	Data string `toml:"data" env:"DATA"`

	// Database is the URL of the PostgreSQL server. When it is empty, a private
	// server is started in Data/postgres from the distribution's programs.
	Database string `toml:"database" env:"DATABASE"`

	// Listen is the address of the HTTP server, host:port. Port 0 takes a free one. A
	// worker shows there how it does (/metrics, /healthz, /readyz) and nothing else.
	Listen string `toml:"listen" env:"LISTEN"`

	// BaseURL is how people reach the service; it is printed in the codes of
	// certificates. Empty means http:// and the address listened on.
	BaseURL string `toml:"base_url" env:"BASE_URL"`

	// TLSCert and TLSKey are files in PEM; with both, the server speaks https itself.
	// Without, it is for a proxy that does.
	TLSCert string `toml:"tls_cert" env:"TLS_CERT"`
	TLSKey  string `toml:"tls_key" env:"TLS_KEY"`

	// Archive is the folder where scans are kept by their hash. Empty means Data/archive.
	Archive string `toml:"archive" env:"ARCHIVE"`

	// S3 is a bucket that takes the place of the folder, for many machines.
	S3 S3 `toml:"s3" envPrefix:"S3_"`

	// Stations are the scanner stations. As environment: hall-1=/srv/hall-1,hall-2=/srv/hall-2.
	// None means one station hall-1 in Data/stations/hall-1.
	Stations Stations `toml:"stations" env:"STATIONS"`

	// Sources are the shares that scanners of some stations write to when nothing may
	// be moved there, by station, as Stations are written. Their files are copied.
	Sources Stations `toml:"sources" env:"SOURCES"`

	// Ignore are patterns of names, in small letters, that are passed over in drop
	// folders beside those that always are: *.xmp,preview-*
	Ignore []string `toml:"ignore" env:"IGNORE"`

	// Roots are settings of single stations, or of single folders of a hall, by name;
	// what is not set there is as for all:
	//   [roots.copier]
	//   settle = "60s"
	Roots map[string]Root `toml:"roots"`

	// Settle is how long a file must be still before it is taken. Two seconds
	// suit scanners that write a page at a time; copiers that append page after
	// page to one PDF want 30s to 60s.
	Settle time.Duration `toml:"settle" env:"SETTLE"`

	// Poll is the time between two looks at a drop folder. On a disk of this machine
	// events of the system hurry the next look.
	Poll time.Duration `toml:"poll" env:"POLL"`

	// Workers is how many files are read at once, each in a process of its own.
	// 0 means one for each processor.
	Workers int `toml:"workers" env:"WORKERS"`

	// PageTime is how long one page may take before its process is ended and the
	// page is returned.
	PageTime time.Duration `toml:"page_time" env:"PAGE_TIME"`

	// Fonts is the folder of the typefaces (Debian's fonts-noto-core).
	Fonts string `toml:"fonts" env:"FONTS"`

	// SigningKey is the file of the key that signs certificates. Empty means
	// Data/keys/certificate.key, which is made when absent.
	SigningKey string `toml:"signing_key" env:"SIGNING_KEY"`

	// Station is for omrd station alone: a machine at a hall.
	Station Hall `toml:"station" envPrefix:"STATION_"`

	// Log is the form of the log on stderr: "text" or "json".
	Log string `toml:"log" env:"LOG"`

	// LogLevel is the least level that is logged: "debug", "info", "warn" or "error".
	LogLevel slog.Level `toml:"log_level" env:"LOG_LEVEL"`
}

// Stations maps the name of a station to its folder.
type Stations map[string]string

// A Root is what is particular to one drop folder.
type Root struct {
	// Settle and Poll outrank those for all.
	Settle time.Duration `toml:"settle"`
	Poll   time.Duration `toml:"poll"`

	// Source is a share that may only be read, as in Sources.
	Source string `toml:"source"`

	// Ignore are patterns beside those for all.
	Ignore []string `toml:"ignore"`

	// Marks are patterns of the files, in small letters, by which a capture program
	// says that a batch is complete. None means the usual ones.
	Marks []string `toml:"marks"`

	// Deaf listens to no events of the system: polling alone.
	Deaf bool `toml:"deaf"`
}

// folder is the drop folder called name.
func (c *Config) folder(name, root string) *intake.Folder {
	r := c.Roots[name]
	return &intake.Folder{
		Station: name, Root: root, Whole: whole, Settle: cmp.Or(r.Settle, c.Settle), Poll: cmp.Or(r.Poll, c.Poll),
		Source: cmp.Or(r.Source, c.Sources[name]), Ignore: slices.Concat(c.Ignore, r.Ignore), Marks: r.Marks, Deaf: r.Deaf,
	}
}

// An S3 names a bucket of an S3-compatible server.
type S3 struct {
	// Endpoint is the server, https://s3.example.ir. Empty means that no bucket is used.
	Endpoint string `toml:"endpoint" env:"ENDPOINT"`

	// Region is what the server wants named; many want nothing.
	Region string `toml:"region" env:"REGION"`

	// Bucket must exist. Prefix begins the name of every scan in it, as in "scans/".
	Bucket string `toml:"bucket" env:"BUCKET"`
	Prefix string `toml:"prefix" env:"PREFIX"`

	// Access is the name of the access key; Secret is the file that holds its secret.
	Access string `toml:"access" env:"ACCESS"`
	Secret string `toml:"secret" env:"SECRET"`
}

// Default is what a fresh installation uses.
func Default() Config {
	return Config{
		Data: "var", Listen: "127.0.0.1:8080", Settle: 2 * time.Second, Poll: time.Second,
		PageTime: 20 * time.Second, Station: Hall{Listen: "127.0.0.1:8090"}, Fonts: "/usr/share/fonts/truetype/noto", Log: "text",
	}
}

// Load returns the configuration of file (none if empty) and environ.
func Load(file string, environ []string) (Config, error) {
	c := Default()
	if file != "" {
		meta, err := toml.DecodeFile(file, &c)
		if err != nil {
			return c, fmt.Errorf("configuration %s: %w", file, err)
		}
		if odd := meta.Undecoded(); len(odd) > 0 {
			return c, fmt.Errorf("configuration %s: unknown keys %v", file, odd)
		}
	}
	vars := env.ToMap(environ)
	if err := env.ParseWithOptions(&c, env.Options{Prefix: "OMRD_", Environment: vars,
		FuncMap: map[reflect.Type]env.ParserFunc{reflect.TypeFor[Stations](): parseStations}}); err != nil {
		return c, fmt.Errorf("environment: %w", err)
	}
	if err := unknown(vars); err != nil {
		return c, err
	}
	if err := c.complete(); err != nil {
		return c, err
	}
	return c, c.Validate()
}

// unknown refuses variables with our prefix that name no setting: a typing error
// would otherwise leave the default in force without a word.
func unknown(vars map[string]string) error {
	known, err := env.GetFieldParamsWithOptions(&Config{}, env.Options{Prefix: "OMRD_"})
	if err != nil {
		return err
	}
	names := map[string]bool{"OMRD_TEST_DATABASE_URL": true} // the tests' own
	for _, k := range known {
		names[k.Key] = true
	}
	var errs []error
	for name := range vars {
		if strings.HasPrefix(name, "OMRD_") && !names[name] {
			errs = append(errs, fmt.Errorf("environment: %s names no setting", name))
		}
	}
	return errors.Join(errs...)
}

// parseStations reads name=folder,name=folder.
func parseStations(v string) (any, error) {
	s := Stations{}
	for part := range strings.SplitSeq(v, ",") {
		name, dir, ok := strings.Cut(part, "=")
		if !ok {
			return nil, fmt.Errorf("%q: name=folder expected", part)
		}
		s[strings.TrimSpace(name)] = strings.TrimSpace(dir)
	}
	return s, nil
}

// complete fills what is derived from other settings and makes folders absolute.
func (c *Config) complete() error {
	abs, err := filepath.Abs(c.Data)
	if err != nil {
		return fmt.Errorf("data folder: %w", err)
	}
	c.Data = abs
	if c.Archive == "" {
		c.Archive = filepath.Join(c.Data, "archive")
	}
	if c.SigningKey == "" {
		c.SigningKey = filepath.Join(c.Data, "keys", "certificate.key")
	}
	if len(c.Stations) == 0 {
		c.Stations = Stations{"hall-1": filepath.Join(c.Data, "stations", "hall-1")}
	}
	if c.Workers == 0 {
		c.Workers = runtime.GOMAXPROCS(0) // the processors this process may use
	}
	return nil
}

// stationName is what a station may be called: it stands in URLs and paths.
var stationName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,39}$`)

// validateRoots checks how drop folders are looked at, all of them and each.
func (c *Config) validateRoots(fail func(format string, args ...any)) {
	patterns := func(what string, ps []string) {
		for _, p := range ps {
			if _, err := path.Match(p, "x"); err != nil {
				fail("%s: %q: %v", what, p, err)
			}
		}
	}
	times := func(at string, settle, poll time.Duration) {
		if settle < 100*time.Millisecond {
			fail("%ssettle: %v is too short: a file would be taken while it is written", at, settle)
		}
		if poll < 10*time.Millisecond {
			fail("%spoll: %v is too short", at, poll)
		}
	}
	times("", c.Settle, c.Poll)
	patterns("ignore", c.Ignore)
	for name, r := range c.Roots {
		at := "roots." + name + "."
		_, here := c.Stations[name]
		if _, hall := c.Station.Folders[name]; !here && !hall {
			fail("roots: there is no station or folder %s", name)
		}
		times(at, cmp.Or(r.Settle, c.Settle), cmp.Or(r.Poll, c.Poll))
		patterns(at+"ignore", r.Ignore)
		patterns(at+"marks", r.Marks)
	}
}

// Validate reports every problem at once, before anything is opened.
func (c *Config) Validate() error {
	var errs []error
	fail := func(format string, args ...any) { errs = append(errs, fmt.Errorf("configuration: "+format, args...)) }
	if _, _, err := net.SplitHostPort(c.Listen); err != nil {
		fail("listen: %q is not host:port", c.Listen)
	}
	if u, err := url.Parse(c.BaseURL); c.BaseURL != "" && (err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https") {
		fail("base_url: %q is not an http or https address", c.BaseURL)
	}
	if u, err := url.Parse(c.Database); c.Database != "" && (err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql") {
		fail("database: a URL that begins with postgres:// is expected")
	}
	if s := c.S3; s.Endpoint != "" && (s.Bucket == "" || s.Access == "" || s.Secret == "") {
		fail("s3: bucket, access and secret (a file) are needed beside the endpoint")
	}
	if (c.TLSCert == "") != (c.TLSKey == "") {
		fail("tls_cert, tls_key: one is of no use without the other")
	}
	folders := map[string]string{}
	for name, dir := range c.Stations {
		if !stationName.MatchString(name) {
			fail("stations: %q: small letters, digits and hyphens only", name)
		}
		if other, taken := folders[dir]; taken {
			fail("stations: %s and %s share the folder %s", other, name, dir)
		}
		folders[dir] = name
	}
	for name := range c.Sources {
		if _, ok := c.Stations[name]; !ok {
			fail("sources: there is no station %s", name)
		}
	}
	c.validateRoots(fail)
	if c.Workers < 1 || c.Workers > 256 {
		fail("workers: %d is not between 1 and 256", c.Workers)
	}
	if c.PageTime < time.Second {
		fail("page_time: %v is too short", c.PageTime)
	}
	if c.Log != "text" && c.Log != "json" {
		fail("log: %q is neither text nor json", c.Log)
	}
	if _, err := os.Stat(c.Fonts); err != nil {
		fail("fonts: %v; install fonts-noto-core or set the folder", err)
	}
	return errors.Join(errs...)
}

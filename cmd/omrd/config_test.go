package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestLoad checks what outranks what, and that nothing wrong passes.
func TestLoad(t *testing.T) {
	fonts := t.TempDir()
	tests := []struct {
		name, file string
		env        []string
		faults     []string // all of them in the error; none: the configuration is good
		want       func(*Config)
	}{
		{name: "defaults", want: func(*Config) {}},
		{name: "file", file: "listen = \"127.0.0.1:9\"\nsettle = \"7s\"\n[stations]\nhall-9 = \"/srv/9\"\n",
			want: func(c *Config) {
				c.Listen, c.Settle, c.Stations = "127.0.0.1:9", 7*time.Second, Stations{"hall-9": "/srv/9"}
			}},
		{name: "environment outranks file", file: `listen = "127.0.0.1:9"`, env: []string{"OMRD_LISTEN=127.0.0.1:10", "OMRD_STATIONS=a=/srv/a,b=/srv/b"},
			want: func(c *Config) {
				c.Listen, c.Stations = "127.0.0.1:10", Stations{"a": "/srv/a", "b": "/srv/b"}
			}},
		{name: "nested", file: "[s3]\nendpoint = \"https://s3\"\nbucket = \"b\"\n[station.folders]\nfeeder = \"/srv/f\"\n", env: []string{"OMRD_S3_ACCESS=a", "OMRD_S3_SECRET=/srv/secret", "OMRD_STATION_PIN=00"},
			want: func(c *Config) {
				c.S3 = S3{Endpoint: "https://s3", Bucket: "b", Access: "a", Secret: "/srv/secret"}
				c.Station.Folders, c.Station.Pin = Stations{"feeder": "/srv/f"}, "00"
			}},
		{name: "one root", file: "ignore = [\"*.xmp\"]\n[roots.hall-1]\nsettle = \"60s\"\nignore = [\"preview-*\"]\ndeaf = true\n",
			want: func(c *Config) {
				c.Ignore = []string{"*.xmp"}
				c.Roots = map[string]Root{"hall-1": {Settle: time.Minute, Ignore: []string{"preview-*"}, Deaf: true}}
			}},
		{name: "wrong roots", file: "[roots.nowhere]\npoll = \"1ms\"\n[roots.hall-1]\nmarks = [\"[\"]\nsettle = \"1ms\"\n",
			faults: []string{"no station or folder nowhere", "roots.nowhere.poll", "roots.hall-1.marks", "roots.hall-1.settle"}},
		{name: "unknown key", file: "lisen = 1", faults: []string{"lisen"}},
		{name: "unknown variable", env: []string{"OMRD_LISEN=1"}, faults: []string{"OMRD_LISEN"}},
		{name: "every fault at once", env: []string{"OMRD_LISTEN=here", "OMRD_DATABASE=mysql://x", "OMRD_SETTLE=1ms", "OMRD_STATIONS=Hall 1=/a,b=/a", "OMRD_LOG=xml", "OMRD_S3_ENDPOINT=https://s3", "OMRD_TLS_KEY=x"},
			faults: []string{"listen", "database", "settle", "Hall 1", "share", "log", "s3:", "tls_cert"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			file := ""
			if tt.file != "" {
				file = filepath.Join(t.TempDir(), "omrd.toml")
				if err := os.WriteFile(file, []byte(tt.file), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			got, err := Load(file, append(tt.env, "OMRD_FONTS="+fonts, "OMRD_DATA=/srv/data", "OMRD_WORKERS=3"))
			for _, f := range tt.faults {
				if err == nil || !strings.Contains(err.Error(), f) {
					t.Errorf("got error %v, want one about %q", err, f)
				}
			}
			if tt.faults != nil {
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			want := Default()
			want.Fonts, want.Data, want.Workers = fonts, "/srv/data", 3
			want.Archive, want.SigningKey = "/srv/data/archive", "/srv/data/keys/certificate.key"
			want.Stations = Stations{"hall-1": "/srv/data/stations/hall-1"}
			tt.want(&want)
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

// TestFolder has the settings of one root outrank those of all.
func TestFolder(t *testing.T) {
	c := Default()
	c.Ignore, c.Sources = []string{"*.xmp"}, Stations{"b": "/srv/share"}
	c.Roots = map[string]Root{"a": {Settle: time.Minute, Ignore: []string{"preview-*"}, Marks: []string{"done"}, Deaf: true}, "c": {Poll: time.Hour, Source: "/srv/c"}}
	a, b, d := c.folder("a", "/srv/a"), c.folder("b", "/srv/b"), c.folder("c", "/srv/d")
	if a.Settle != time.Minute || a.Poll != c.Poll || len(a.Ignore) != 2 || len(a.Marks) != 1 || !a.Deaf || a.Source != "" || a.Whole == nil || a.Root != "/srv/a" {
		t.Errorf("a: %+v", a)
	}
	if b.Settle != c.Settle || len(b.Ignore) != 1 || b.Deaf || b.Source != "/srv/share" || b.Station != "b" {
		t.Errorf("b: %+v", b)
	}
	if d.Poll != time.Hour || d.Source != "/srv/c" || d.Marks != nil {
		t.Errorf("c: %+v", d)
	}
}

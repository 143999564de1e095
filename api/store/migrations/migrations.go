// Package migrations holds the versions of the database, in order. A file that
// was ever released is never changed; the next version is a new file.
package migrations

import "embed"

// Files are the goose migrations.
//
//go:embed *.sql
var Files embed.FS

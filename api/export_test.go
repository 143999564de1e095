package api

import (
	"encoding/base64"
	"fmt"

	"golang.org/x/crypto/argon2"

	"bargkhan/api/exam"
)

// CheapHash is HashPassword at a hundredth of the cost.
func CheapHash(password string) string {
	salt := []byte("sixteen  letters")
	b := base64.RawStdEncoding
	key := argon2.IDKey([]byte(password), salt, 1, 64, 1, 32)
	return fmt.Sprintf("$argon2id$v=19$m=64,t=1,p=1$%s$%s", b.EncodeToString(salt), b.EncodeToString(key))
}

// A Route is a line of the table of routes.
type Route struct {
	Method, Path string
	Public       bool
	Needs        []exam.Duty
}

// Routes is the table.
func Routes() []Route {
	f := &surface{}
	f.defaults()
	f.countRequests()
	var out []Route
	for _, r := range f.routes() {
		out = append(out, Route{r.method, r.path, r.needs == nil, r.needs})
	}
	return out
}

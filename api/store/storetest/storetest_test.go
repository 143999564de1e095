package storetest

import (
	"context"
	"testing"
)

func TestNewIsEmptyAndApart(t *testing.T) {
	a, b := New(t), New(t)
	if err := a.Health(context.Background()); err != nil {
		t.Fatal(err)
	}
	if x, y := URL(t), URL(t); x == y {
		t.Errorf("two databases at %s", x)
	}
	ss, err := b.Sessions(context.Background())
	if err != nil || len(ss) != 0 {
		t.Errorf("Sessions of a fresh store = %v, %v; want none", ss, err)
	}
}

package main

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bargkhan/api/exam"
	"bargkhan/omr/count"
	"bargkhan/sheets"
)

// What the desk writes is a key as the service reads it.
func TestKeyIsReadByTheService(t *testing.T) {
	k := &keySheet{titles: []string{"law", "village"}, blocks: []sheets.Block{{Questions: 1}, {Questions: 2}}}
	b, err := json.Marshal(k.text(&entry{answers: map[sheets.FieldID]count.Answer{
		"form": {Right: []sheets.Choice{"2"}},
		"q1":   {Right: []sheets.Choice{"1", "4"}},
		"q2":   {Annulled: true},
		"q3":   {Right: []sheets.Choice{"3"}},
	}}))
	if err != nil {
		t.Fatal(err)
	}
	ses := &exam.Session{
		Titles: []exam.Title{{ID: "law", Items: []exam.ItemID{"a"}}, {ID: "village", Items: []exam.ItemID{"b", "c"}}},
		Forms:  []exam.Form{{ID: "2", At: map[sheets.FieldID]exam.ItemID{"q1": "a", "q2": "c", "q3": "b"}}},
		Rules:  exam.Rules{Options: 4},
	}
	var text exam.KeyText
	if err := json.Unmarshal(b, &text); err != nil {
		t.Fatal(err)
	}
	got, err := exam.ParseKey(ses, text)
	want := map[exam.ItemID]exam.Item{"a": {Right: []sheets.Choice{"1", "4"}}, "b": {Right: []sheets.Choice{"3"}}, "c": {Annulled: true}}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Error(err, diff)
	}
}

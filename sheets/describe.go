package sheets

// description reads the value of "sheet": shapes of values only; what they may be
// is Layout's to say.
func (f *faults) description(n *node) Description {
	o := f.object(n)
	s := Description{
		ID: DesignID(f.text(o.need("id"))), Paper: f.text(o.get("paper")), Logo: f.text(o.get("logo")),
		Issuer: f.text(o.get("issuer")), Title: f.text(o.get("title")),
		Session: f.text(o.get("session")), Date: f.text(o.get("date")),
	}
	blocks, surveys := o.get("blocks"), o.get("surveys")
	if blocks == nil && surveys == nil {
		o.need("blocks")
	}
	for _, k := range f.list(blocks) {
		b := f.object(k)
		s.Blocks = append(s.Blocks, Block{f.text(b.get("title")), f.whole(b.get("questions"), 1, 100, 0)})
		b.done()
	}
	for _, k := range f.list(surveys) {
		s.Surveys = append(s.Surveys, f.opinion(k))
	}
	s.Options = f.whole(o.get("options"), 2, 10, 0)
	s.Labels = f.labels(o.get("labels"), or(s.Options, 4))
	s.Directions = f.directions(o.get("directions"))
	s.Forms = f.whole(o.get("forms"), 0, 10, 0)
	s.Presence, s.Spare, s.Key = f.flag(o.get("presence")), f.flag(o.get("spare")), f.flag(o.get("key"))
	s.Digits = f.whole(o.get("digits"), 0, 15, 10)
	if s.Digits == 0 {
		s.Digits = -1 // in a file 0 says none; in Go it says nothing
	}
	for _, k := range f.list(o.get("header")) {
		h := f.object(k)
		s.Header = append(s.Header, HeaderLine{f.text(h.need("slot")), f.text(h.need("label"))})
		h.done()
	}
	s.Instructions = f.texts(o.get("instructions"))
	s.Footer = f.text(o.get("footer"))
	o.done()
	return s
}

// opinion reads a group of a survey.
func (f *faults) opinion(n *node) Opinion {
	o := f.object(n)
	g := Opinion{Title: f.text(o.get("title")), Items: f.texts(o.get("items")), Labels: f.texts(o.need("labels")), Many: f.flag(o.get("many"))}
	o.done()
	return g
}

// labels reads a list of labels, or the name of a set of which the first count are
// taken.
func (f *faults) labels(n *node, count int) []string {
	if n == nil || n.kind == '[' {
		return f.texts(n)
	}
	name := f.text(n)
	set, ok := labelSets[name]
	if !ok {
		f.add(n.fault("a list of labels is expected, or one of \"digits\", \"abjad\", \"latin\"; not %q", name))
		return nil
	}
	return set[:count]
}

// directions reads which way things run.
func (f *faults) directions(n *node) Directions {
	o := f.object(n)
	d := Directions{
		Options: code[Direction](f, o.get("options"), directionNames),
		Columns: code[Direction](f, o.get("columns"), directionNames),
		Rows:    code[RowOrder](f, o.get("rows"), rowOrderNames),
		Digits:  code[Direction](f, o.get("digits"), directionNames),
	}
	if n != nil {
		o.done()
	}
	return d
}

// texts reads a list of texts.
func (f *faults) texts(n *node) (out []string) {
	for _, k := range f.list(n) {
		out = append(out, f.text(k))
	}
	return out
}

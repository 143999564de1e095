package sheets

// description reads the value of "sheet": shapes of values only; what they may be
// is Layout's to say.
func (f *faults) description(n *node) Description {
	o := f.object(n)
	s := Description{
		ID: DesignID(f.text(o.need("id"))), Paper: f.text(o.get("paper")),
		Issuer: f.text(o.get("issuer")), Title: f.text(o.get("title")),
		Session: f.text(o.get("session")), Date: f.text(o.get("date")),
	}
	for _, k := range f.list(o.need("blocks")) {
		b := f.object(k)
		s.Blocks = append(s.Blocks, Block{f.text(b.get("title")), f.whole(b.get("questions"), 1, 100, 0)})
		b.done()
	}
	s.Options = f.whole(o.get("options"), 2, 10, 0)
	for _, k := range f.list(o.get("labels")) {
		s.Labels = append(s.Labels, f.text(k))
	}
	s.Forms = f.whole(o.get("forms"), 0, 10, 0)
	s.Presence, s.Spare = f.flag(o.get("presence")), f.flag(o.get("spare"))
	s.Digits = f.whole(o.get("digits"), 1, 15, 0)
	for _, k := range f.list(o.get("header")) {
		h := f.object(k)
		s.Header = append(s.Header, HeaderLine{f.text(h.need("slot")), f.text(h.need("label"))})
		h.done()
	}
	for _, k := range f.list(o.get("instructions")) {
		s.Instructions = append(s.Instructions, f.text(k))
	}
	s.Footer = f.text(o.get("footer"))
	o.done()
	return s
}

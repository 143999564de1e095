package page

import (
	"math"
	"strconv"
)

// A lexer cuts a content stream into tokens (ISO 32000-1, 7.2).
type lexer struct {
	code []byte
	at   int
}

type tokenKind uint8

const (
	tokenEnd tokenKind = iota
	tokenNumber
	tokenName
	tokenOperator
	tokenOther // strings, brackets: nothing here needs them
)

type token struct {
	kind   tokenKind
	text   string
	number float64
}

func isSpace(c byte) bool { return c == 0 || c == 9 || c == 10 || c == 12 || c == 13 || c == 32 }

func isDelimiter(c byte) bool {
	switch c {
	case '(', ')', '<', '>', '[', ']', '{', '}', '/', '%':
		return true
	}
	return false
}

func (l *lexer) next() (token, error) {
	for l.at < len(l.code) && (isSpace(l.code[l.at]) || l.code[l.at] == '%') {
		if l.code[l.at] == '%' {
			for l.at < len(l.code) && l.code[l.at] != '\n' && l.code[l.at] != '\r' {
				l.at++
			}
			continue
		}
		l.at++
	}
	if l.at >= len(l.code) {
		return token{}, nil
	}
	c := l.code[l.at]
	switch {
	case c == '(':
		return token{kind: tokenOther}, l.text()
	case c == '/':
		l.at++
		return token{kind: tokenName, text: unescape(l.word())}, nil
	case isDelimiter(c): // also of <hex>, whose inside is then a harmless word
		l.at++
		if c == '<' && l.at < len(l.code) && l.code[l.at] != '<' {
			return token{kind: tokenOther}, l.hex()
		}
		return token{kind: tokenOther}, nil
	}
	w := l.word()
	if v, err := strconv.ParseFloat(w, 64); err == nil && !math.IsNaN(v) && !math.IsInf(v, 0) && w[0] <= '9' {
		return token{kind: tokenNumber, number: v}, nil
	}
	return token{kind: tokenOperator, text: w}, nil
}

// word is what stands before the next space or delimiter.
func (l *lexer) word() string {
	from := l.at
	for l.at < len(l.code) && !isSpace(l.code[l.at]) && !isDelimiter(l.code[l.at]) {
		l.at++
	}
	return string(l.code[from:l.at])
}

// text skips a string in brackets, which may hold brackets in pairs.
func (l *lexer) text() error {
	depth := 0
	for ; l.at < len(l.code); l.at++ {
		switch l.code[l.at] {
		case '\\':
			l.at++
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				l.at++
				return nil
			}
		}
	}
	return torn("the page's content ends inside a string")
}

// hex skips a string of hexadecimal digits.
func (l *lexer) hex() error {
	for ; l.at < len(l.code); l.at++ {
		if l.code[l.at] == '>' {
			l.at++
			return nil
		}
	}
	return torn("the page's content ends inside a string")
}

// unescape undoes #xx in a name.
func unescape(s string) string {
	var out []byte
	for i := 0; i < len(s); i++ {
		if s[i] == '#' && i+2 < len(s) {
			if v, err := strconv.ParseUint(s[i+1:i+3], 16, 8); err == nil {
				out = append(out, byte(v))
				i += 2
				continue
			}
		}
		out = append(out, s[i])
	}
	return string(out)
}

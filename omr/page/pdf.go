package page

import "context"

func decodePDF(ctx context.Context, data []byte, lim Limits, yield func(Page, error) bool) bool {
	return yield(Page{}, unsupported("PDF"))
}
func wholePDF(f file) error { return nil }

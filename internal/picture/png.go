package picture

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"

	"github.com/go-analyze/charts"
)

// shades is how many steps there are from what is below a stroke to the stroke: letters are smooth with as many.
const shades = 16

// palette are the colours of a card and their shades, for a picture of 256 colours is a third as large as one of all.
var palette = func() color.Palette {
	p := color.Palette{rgba(ground), rgba(box)}
	for _, below := range []charts.Color{ground, box} {
		for _, c := range []charts.Color{edge, ink, muted, ill, follows, well, blocks} {
			for i := 1; i <= shades; i++ {
				part := func(a, b uint8) uint8 {
					return uint8((int(a)*(shades-i) + int(b)*i) / shades) //nolint:gosec // between two bytes
				}
				p = append(p, color.RGBA{part(below.R, c.R), part(below.G, c.G), part(below.B, c.B), 255})
			}
		}
	}
	return p
}()

func rgba(c charts.Color) color.RGBA { return color.RGBA{c.R, c.G, c.B, 255} }

// png is the picture as bytes.
func (p pen) png(what string) ([]byte, error) {
	b, err := p.Bytes()
	if err != nil {
		return nil, fmt.Errorf("draw %s: %w", what, err)
	}
	drawn, err := png.Decode(bytes.NewReader(b))
	if err != nil {
		return nil, fmt.Errorf("draw %s: %w", what, err)
	}
	out, known := image.NewPaletted(drawn.Bounds(), palette), map[color.Color]uint8{}
	for y := range drawn.Bounds().Dy() {
		for x := range drawn.Bounds().Dx() {
			c := drawn.At(x, y)
			i, ok := known[c]
			if !ok {
				i = uint8(palette.Index(c)) //nolint:gosec // of less than 256
				known[c] = i
			}
			out.SetColorIndex(x, y, i)
		}
	}
	var small bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&small, out); err != nil {
		return nil, fmt.Errorf("draw %s: %w", what, err)
	}
	return small.Bytes(), nil
}

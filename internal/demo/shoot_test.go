package demo

import (
	"bytes"
	"cmp"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// shoot keeps a screenshot when PARAMEDIC_SCREENSHOTS names a folder for them.
func (p *page) shoot(name string) {
	p.t.Helper()
	dir := os.Getenv("PARAMEDIC_SCREENSHOTS")
	if dir == "" {
		return
	}
	p.evaluate(`document.getElementById('toast').classList.remove('shown')`)
	time.Sleep(300 * time.Millisecond) // for what moves to come to rest
	shot, err := chromedp.Run(p.ctx, chromedp.CaptureScreenshot())
	if err == nil {
		shot, err = small(shot)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "visit-"+name+".png"), shot, 0o644)
	}
	if err != nil {
		p.t.Fatal(err)
	}
}

// top scrolls a list until the message of the number stands at its top.
func (p *page) top(where string, n int) {
	p.t.Helper()
	p.evaluate(fmt.Sprintf(`document.querySelectorAll('%s .message')[%d].scrollIntoView()`, where, n))
}

// paletteOf are at most 256 of the colours, the first before others: as few as it takes are left out, each for one that is near, so that a
// small sign keeps its colour, too.
func paletteOf(colours []color.RGBA) color.Palette {
	near := func(a, b color.RGBA, apart int) bool {
		off := func(x, y uint8) bool { return max(x, y)-min(x, y) > uint8(apart) } //nolint:gosec // apart is less than 256
		return !off(a.R, b.R) && !off(a.G, b.G) && !off(a.B, b.B)
	}
	for apart := 0; ; apart += 5 {
		var chosen color.Palette
		for _, c := range colours {
			if !slices.ContainsFunc(chosen, func(o color.Color) bool { return near(o.(color.RGBA), c, apart) }) {
				if chosen = append(chosen, c); len(chosen) > 256 {
					break
				}
			}
		}
		if len(chosen) <= 256 {
			return chosen
		}
	}
}

// small is a PNG of at most 256 colours; others become the nearest of these.
func small(raw []byte) ([]byte, error) {
	in, err := png.Decode(bytes.NewReader(raw))
	if err != nil {
		return nil, err
	}
	at := func(x, y int) color.RGBA { return color.RGBAModel.Convert(in.At(x, y)).(color.RGBA) }
	area, counts := in.Bounds(), map[color.RGBA]int{}
	for y := area.Min.Y; y < area.Max.Y; y++ {
		for x := area.Min.X; x < area.Max.X; x++ {
			counts[at(x, y)]++
		}
	}
	colours := slices.SortedFunc(maps.Keys(counts), func(a, b color.RGBA) int {
		return cmp.Or(counts[b]-counts[a], cmp.Compare(fmt.Sprint(a), fmt.Sprint(b)))
	})
	palette := paletteOf(colours)
	index := map[color.RGBA]uint8{}
	for c := range counts {
		index[c] = uint8(palette.Index(c))
	}
	out := image.NewPaletted(area, palette)
	for y := area.Min.Y; y < area.Max.Y; y++ {
		for x := area.Min.X; x < area.Max.X; x++ {
			out.SetColorIndex(x, y, index[at(x, y)])
		}
	}
	var b bytes.Buffer
	err = (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&b, out)
	return b.Bytes(), err
}

// A picture keeps its size, the colours that it has most of, and those that stand out.
func TestAPictureIsMadeSmall(t *testing.T) {
	in := image.NewRGBA(image.Rect(0, 0, 64, 64))
	for i := range in.Pix {
		in.Pix[i] = 255
	}
	for i := range 300 { // more colours than there is room for
		in.SetRGBA(i%64, i/64, color.RGBA{uint8(i), uint8(i / 2), 0, 255})
	}
	in.SetRGBA(0, 63, color.RGBA{0, 0, 255, 255}) // a small sign
	var raw bytes.Buffer
	if err := png.Encode(&raw, in); err != nil {
		t.Fatal(err)
	}
	shot, err := small(raw.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	out, err := png.Decode(bytes.NewReader(shot))
	if err != nil {
		t.Fatal(err)
	}
	if out.Bounds() != in.Bounds() || color.RGBAModel.Convert(out.At(63, 63)) != (color.RGBA{255, 255, 255, 255}) {
		t.Errorf("%v, %v at the end", out.Bounds(), out.At(63, 63))
	}
	if sign := color.RGBAModel.Convert(out.At(0, 63)); sign != (color.RGBA{0, 0, 255, 255}) {
		t.Errorf("a small sign became %v", sign)
	}
}

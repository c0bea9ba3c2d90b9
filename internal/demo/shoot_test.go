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

// small is a PNG with the 256 colours that fill most of it, of which a page has few more; the others become the nearest of these.
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
	var palette color.Palette
	for _, c := range colours[:min(len(colours), 256)] {
		palette = append(palette, c)
	}
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

// A picture keeps its size and the colours that it has most of.
func TestAPictureIsMadeSmall(t *testing.T) {
	in := image.NewRGBA(image.Rect(0, 0, 64, 64))
	for i := range in.Pix {
		in.Pix[i] = 255
	}
	for i := range 300 { // more colours than there is room for
		in.SetRGBA(i%64, i/64, color.RGBA{uint8(i), uint8(i / 2), 0, 255})
	}
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
}

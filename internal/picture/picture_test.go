package picture_test

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/paramedic-bot/paramedic/commands/commandstest"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/picture"
)

// seen decodes a picture, and counts the pixels of each colour.
func seen(t *testing.T, b []byte) (image.Image, map[color.RGBA]int) {
	t.Helper()
	img, err := png.Decode(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	colours := map[color.RGBA]int{}
	for y := range img.Bounds().Dy() {
		for x := range img.Bounds().Dx() {
			r, g, b, a := img.At(x, y).RGBA()
			colours[color.RGBA{uint8(r >> 8), uint8(g >> 8), uint8(b >> 8), uint8(a >> 8)}]++ //nolint:gosec // a byte each
		}
	}
	return img, colours
}

func rgb(hex uint32) color.RGBA {
	return color.RGBA{uint8(hex >> 16), uint8(hex >> 8), uint8(hex), 255} //nolint:gosec // a byte each
}

var (
	ground = rgb(0x1f2630)
	ill    = rgb(0xff7b72)
	blue   = rgb(0x6cb6ff)
	green  = rgb(0x6bd488)
	yellow = rgb(0xe3b341)
	muted  = rgb(0xb4bfcd)
)

// The founding incident's pictures show causes, what follows, what blocks a remedy, and the restarts from their onset.
func TestTheFoundingIncident(t *testing.T) {
	d := commandstest.Founding()
	graph, err := picture.Graph(incident.GraphOf(d, picture.MostBoxes), "INC-1, leveling-pc")
	if err != nil {
		t.Fatal(err)
	}
	course, err := picture.Course(incident.CourseNow(d, picture.MostLanes))
	if err != nil {
		t.Fatal(err)
	}
	c := incident.CourseNow(d, picture.MostLanes)
	c.Over = d.At.Add(time.Hour)
	over, err := picture.Course(c)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range []struct {
		name      string
		bytes     []byte
		has, none []color.RGBA
	}{
		{"graph", graph, []color.RGBA{ground, ill, blue, yellow, muted}, []color.RGBA{green}},
		{"course", course, []color.RGBA{ground, ill, blue, muted}, []color.RGBA{green, yellow}},
		{"over", over, []color.RGBA{ground, ill, blue, muted, green}, []color.RGBA{yellow}},
	} {
		img, colours := seen(t, p.bytes)
		if w, h := img.Bounds().Dx(), img.Bounds().Dy(); w != 1000 || h < 300 || h > 700 {
			t.Errorf("%s: %d × %d", p.name, w, h)
		}
		for _, c := range p.has {
			if colours[c] < 50 {
				t.Errorf("%s has %d pixels of %v", p.name, colours[c], c)
			}
		}
		for _, c := range p.none {
			if colours[c] > 0 {
				t.Errorf("%s has %d pixels of %v", p.name, colours[c], c)
			}
		}
	}
}

// A picture is read on a light page as on a dark one: it is opaque, and its texts have contrast on its own ground.
func TestItIsReadOnAnyPage(t *testing.T) {
	b, err := picture.Graph(incident.GraphOf(commandstest.Founding(), picture.MostBoxes), "")
	if err != nil {
		t.Fatal(err)
	}
	_, colours := seen(t, b)
	for c := range colours {
		if c.A != 255 {
			t.Fatalf("the page shines through: %v", c)
		}
	}
	for _, c := range []color.RGBA{ill, blue, green, yellow, muted} {
		for _, on := range []color.RGBA{ground, rgb(0x2c3644)} {
			if r := contrast(c, on); r < 4.5 {
				t.Errorf("%v on %v has a contrast of %.1f", c, on, r)
			}
		}
	}
}

// contrast is that of WCAG 2.
func contrast(a, b color.RGBA) float64 {
	light := func(c color.RGBA) float64 {
		part := func(v uint8) float64 {
			if s := float64(v) / 255; s > 0.04045 {
				return math.Pow((s+0.055)/1.055, 2.4)
			}
			return float64(v) / 255 / 12.92
		}
		return 0.2126*part(c.R) + 0.7152*part(c.G) + 0.0722*part(c.B) + 0.05
	}
	return max(light(a)/light(b), light(b)/light(a))
}

// huge is an outage of ten times what a cluster has: 50,000 pods of 5,000 workloads behind 40 causes, all with the longest and worst names.
func huge() *incident.Diagnosis {
	name := strings.Repeat("very-long-name-", 16) + "\x1b[31m\u202e\u200b"
	d := &incident.Diagnosis{At: time.Date(2026, 1, 2, 9, 0, 0, 0, time.UTC), Cluster: name}
	for i := range 40 {
		root := incident.Finding{ID: fmt.Sprintf("F%d", 1000*i), Code: "NodeNotReady", Title: name + " " + name, Severity: incident.Critical,
			Object: incident.Object{Kind: "Node", Name: fmt.Sprint(i, name)}}
		c := incident.Cause{ID: fmt.Sprintf("C%d", i+1), Code: root.Code, Title: root.Title, Objects: []incident.Object{root.Object},
			Explains: []string{root.ID}, Since: d.At.Add(-time.Hour), Blocks: []incident.Block{{Cause: "C1", Reason: name}}}
		d.Findings = append(d.Findings, root)
		for j := range 125 {
			f := incident.Finding{ID: fmt.Sprintf("F%d", 1000*i+j+1), Code: fmt.Sprintf("Code%d", j%30), Title: name,
				Object: incident.Object{Kind: "Deployment", Namespace: name, Name: fmt.Sprint(j, name)}, Count: 10}
			d.Findings, c.Explains = append(d.Findings, f), append(c.Explains, f.ID)
			c.Links = append(c.Links, incident.Link{From: c.Explains[max(0, j-30)], To: f.ID, Rule: "r", Reason: name})
			d.Restarts = append(d.Restarts, incident.Restarts{Workload: f.Object, Pods: 10, Count: 1 << 40, Onset: d.At.AddDate(-20, 0, j),
				Last: d.At})
		}
		d.Causes = append(d.Causes, c)
	}
	return d
}

// However large the outage and its names, a picture stays small, is drawn at once, and is the same each time.
func TestItIsBounded(t *testing.T) {
	d := huge()
	draw := map[string]func() ([]byte, error){
		"graph": func() ([]byte, error) {
			return picture.Graph(incident.GraphOf(d, picture.MostBoxes), d.Cluster+d.Cluster)
		},
		"course": func() ([]byte, error) { return picture.Course(incident.CourseNow(d, picture.MostLanes)) },
		"of nothing": func() ([]byte, error) {
			return picture.Course(incident.CourseNow(&incident.Diagnosis{At: d.At}, picture.MostLanes))
		},
		"no graph": func() ([]byte, error) { return picture.Graph(incident.Graph{}, "") },
	}
	for name, f := range draw {
		began := time.Now()
		b, err := f()
		if err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took > 5*time.Second { // a second, and some for a busy machine
			t.Errorf("%s took %v", name, took)
		}
		img, _ := seen(t, b)
		if size := img.Bounds().Size(); len(b) > 200_000 || size.X > 1200 || size.Y > 3000 {
			t.Errorf("%s: %d bytes, %v", name, len(b), size)
		}
		if again, err := f(); err != nil || !bytes.Equal(b, again) {
			t.Errorf("%s is not the same each time: %v", name, err)
		}
	}
}

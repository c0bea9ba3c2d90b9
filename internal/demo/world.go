package demo

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/paramedic-bot/paramedic/internal/bundle"
)

// Pace says how quickly a World gets well once it is mended. A replay is quicker than a cluster, or nobody would watch it to the end.
type Pace struct {
	Look time.Duration // between looks at the remedies
	Heal time.Duration // from one namespace that got well to the next
}

// World is the replayed cluster: its API and its node's files. Make it with newWorld, and keep it going with Run.
type World struct {
	API *bundle.Server

	scenes   scenes
	pace     Pace
	root     string            // of the node's files
	cniDir   string            // in root
	cniFiles map[string][]byte // as they were while all was well

	mu        sync.Mutex
	broken    bool
	scene     scene
	restarted string // CoreDNS' restart annotation at the last Break
	healedAt  time.Time
}

// newWorld is well.
func newWorld(healthy, broken *bundle.Bundle, o bundle.ServerOptions, root string, pace Pace) (*World, error) {
	node, cniDir, err := nodeOf(healthy)
	if err != nil {
		return nil, err
	}
	w := &World{scenes: newScenes(healthy, broken), pace: pace, root: root, cniDir: filepath.Join(root, cniDir), cniFiles: map[string][]byte{}}
	for key, content := range healthy.HostFiles {
		if key.Node != node {
			continue
		}
		name := filepath.Join(root, key.Path)
		if filepath.Dir(name) == w.cniDir {
			w.cniFiles[filepath.Base(name)] = content
		}
		if filepath.Base(name) == "service.log" {
			name = filepath.Join(filepath.Dir(name), "k3s.log")
		}
		if err := writeOld(name, content); err != nil {
			return nil, err
		}
	}
	if len(w.cniFiles) == 0 {
		return nil, fmt.Errorf("the healthy bundle has no CNI configuration of %s; was it captured with --host-root?", node)
	}
	w.scene = w.scenes.well()
	w.API = bundle.NewServer(healthy, o) // as it was captured: its CoreDNS has run for a while
	return w, nil
}

// writeOld writes a file that has been there for a while.
func writeOld(name string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(name, content, 0o644); err != nil {
		return err
	}
	old := time.Now().Add(-24 * time.Hour)
	return errors.Join(os.Chtimes(name, old, old), os.Chtimes(filepath.Dir(name), old, old))
}

// Broken says whether the cluster is broken, or still getting well.
func (w *World) Broken() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.broken
}

// Break is the night of the founding incident: CoreDNS is made to forward to itself, what depends on a name crash-loops, and the node loses its CNI
// configuration.
func (w *World) Break() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.broken {
		return errors.New("the cluster is broken already")
	}
	w.scene, w.broken = scene{}, true
	if _, err := w.API.Transition(w.scenes.bundle(w.scene), bundle.TransitionOptions{}); err != nil {
		return err
	}
	w.restarted = w.restartedAt()
	for name := range w.cniFiles {
		if err := os.Remove(filepath.Join(w.cniDir, name)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return w.updateNight()
}

// updateNight writes into the service's log what it said that night.
func (w *World) updateNight() error {
	f, err := os.OpenFile(filepath.Join(w.root, "var/log/k3s.log"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	at := time.Now().UTC()
	for i, line := range []string{`level=info msg="Starting k3s auto-update"`, `level=error msg="Failed to apply CNI configuration"`, `level=info msg="Restarting networking"`} {
		if _, err = fmt.Fprintf(f, "time=%q %s\n", at.Add(time.Duration(i)*time.Second).Format(time.RFC3339), line); err != nil {
			break
		}
	}
	return errors.Join(err, f.Close())
}

// Run looks for the remedies until the context ends, and moves the cluster as far as they allow. well is called whenever all is well again.
func (w *World) Run(ctx context.Context, well func()) error {
	tick := time.NewTicker(w.pace.Look)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case now := <-tick.C:
			done, err := w.step(now)
			if err != nil {
				return fmt.Errorf("move the replay on: %w", err)
			}
			if done {
				well()
			}
		}
	}
}

// step moves the cluster on by at most one scene, and says whether all is well by it.
func (w *World) step(now time.Time) (well bool, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.broken {
		return false, nil
	}
	next := w.scene
	switch mended := w.cniThere(); {
	case !mended:
		return false, nil
	case !next.Node:
		next.Node = true // the kubelet notices within a second or two
	case w.namesMended() && now.Sub(w.healedAt) >= w.pace.Heal:
		next.Healed++
	default:
		return false, nil
	}
	w.healedAt = now
	w.scene = next
	_, err = w.API.Transition(w.scenes.bundle(next), bundle.TransitionOptions{KeepWrites: true})
	w.broken = next != w.scenes.well()
	return !w.broken, err
}

// cniThere says whether the node's CNI configuration is back, whoever put it there.
func (w *World) cniThere() bool {
	for name, content := range w.cniFiles {
		if b, err := os.ReadFile(filepath.Join(w.cniDir, name)); err != nil || string(b) != string(content) {
			return false
		}
	}
	return true
}

// namesMended says whether CoreDNS would run: its Corefile no longer forwards to itself, and it was restarted.
func (w *World) namesMended() bool {
	m := w.API.Get(configMapsGVR, dnsNamespace, dnsName)
	if m == nil {
		return false
	}
	corefile, ok, err := unstructured.NestedString(m.Object, "data", "Corefile")
	return err == nil && ok && !strings.Contains(corefile, "forward . 127.0.0.1") && w.restartedAt() != w.restarted
}

// restartedAt is when CoreDNS' Deployment was last restarted by hand, as its annotation says.
func (w *World) restartedAt() string {
	d := w.API.Get(deploymentsGVR, dnsNamespace, dnsName)
	if d == nil {
		return ""
	}
	at, _, err := unstructured.NestedString(d.Object, "spec", "template", "metadata", "annotations", "kubectl.kubernetes.io/restartedAt")
	if err != nil {
		return ""
	}
	return at
}

package demo

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

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

	scenes scenes
	pace   Pace
	node   *node
	staff  staff

	mu        sync.Mutex
	broken    bool
	scene     scene
	restarted string    // CoreDNS' restart annotation at the last Break
	replaced  bool      // somebody has deleted CoreDNS' pods since
	movedAt   time.Time // when the scene last changed
	release   release
}

var errBroken = errors.New("the cluster is broken already")

// newWorld is well.
func newWorld(healthy, broken *bundle.Bundle, o bundle.ServerOptions, root string, pace Pace) (*World, error) {
	w := &World{scenes: newScenes(healthy, broken), pace: pace}
	var err error
	if w.node, err = newNode(root, healthy, broken, time.Now()); err != nil {
		return nil, err
	}
	w.scene = w.scenes.well()
	w.API = bundle.NewServer(healthy, o) // as it was captured: its CoreDNS has run for a while
	if w.staff, err = newStaff(w.API, healthy); err != nil {
		return nil, err
	}
	w.release, err = w.released()
	return w, err
}

// Broken says whether the cluster is broken, or still getting well: by the founding incident, or by a release.
func (w *World) Broken() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.broken || !w.release.done
}

// Break is the night of the founding incident: CoreDNS is made to forward to itself, what depends on a name crash-loops, and the node loses
// its CNI configuration.
func (w *World) Break() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.broken {
		return errBroken
	}
	now := time.Now()
	w.scene, w.broken = scene{}, true
	if _, err := w.API.Transition(w.scenes.bundle(w.scene), bundle.TransitionOptions{Spare: ofRelease}); err != nil {
		return err
	}
	w.replaced = false
	w.restarted = restartedAt(w.API.Get(deploymentsGVR, dnsNamespace, dnsName))
	if err := w.node.fail(now); err != nil {
		return fmt.Errorf("break the node: %w", err)
	}
	return nil
}

// beatEvery is how often what lives in the cluster says so: a kubelet's interval.
const beatEvery = 10 * time.Second

// turn is what a step has brought about, for which somebody rings or stops ringing.
type turn struct {
	Well     bool        // the founding incident is over
	Failing  [][2]string // pods of a release, by namespace and name, that have begun to crash-loop
	Released bool        // a release of which pods did so is rolled out
}

// Run looks for the remedies until the context ends, and moves the cluster as far as they allow. turned is told what came of it.
func (w *World) Run(ctx context.Context, turned func(turn)) error {
	tick := time.NewTicker(w.pace.Look)
	defer tick.Stop()
	beat := time.NewTicker(beatEvery)
	defer beat.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-beat.C:
			w.API.Heartbeat()
		case now := <-tick.C:
			var t turn
			var err error
			if t.Well, err = w.step(now); err == nil {
				err = w.roll(now, &t)
			}
			if err != nil {
				return fmt.Errorf("move the replay on: %w", err)
			}
			if t.Well || t.Released || len(t.Failing) > 0 {
				turned(t)
			}
		}
	}
}

// step moves the cluster on by at most one scene, and says whether all is well by it.
func (w *World) step(now time.Time) (well bool, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	r, err := w.seen()
	if err != nil {
		return false, err
	}
	next := w.scene
	switch {
	case next.Node != r.CNI:
		next.Node = r.CNI // the kubelet notices within seconds, whichever way it went
	case !w.broken || r != remedies{true, true, true} || now.Sub(w.movedAt) < w.pace.Heal:
		return false, nil
	default:
		next.Healed++
	}
	if _, err := w.API.Transition(w.scenes.bundle(next), bundle.TransitionOptions{KeepWrites: true, Spare: ofRelease}); err != nil {
		return false, err
	}
	w.scene, w.movedAt = next, now
	w.broken = next != w.scenes.well()
	return !w.broken, nil
}

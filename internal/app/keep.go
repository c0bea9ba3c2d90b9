package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/paramedic-bot/paramedic/diagnosis"
	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/recovery"
	"github.com/paramedic-bot/paramedic/internal/store"
)

// keeper keeps last-good copies of what recovery restores, while all is well: the Corefile, the CNI directory, and the knowledge that the
// cluster's names resolve from here.
type keeper struct {
	eyes   *Eyes
	store  *store.Store
	logger *slog.Logger
	before int // copies, when that was last said
	// withheld says by key what looked like a secret in a copy that was not kept, when that was last said.
	withheld map[string]string
	said     bool
}

// withheldPrefix begins the key under which it is kept what in a copy looked like a secret, so that the copy was not kept.
const withheldPrefix = "withheld/"

// lookupKey is the key under which it is kept that a DNS server has answered.
func lookupKey(server string) string { return "dns/" + server }

// keepAndSay keeps copies, and says how many when that changes.
func (k *keeper) keepAndSay(ctx context.Context) error {
	n, err := k.keep(ctx)
	if err == nil && (n != k.before || !k.said) {
		k.logger.Info("last-good copies of what is well", "copies", n)
		k.before, k.said = n, true
	}
	return err
}

// keep takes one look and returns how many copies were found good.
func (k *keeper) keep(ctx context.Context) (int, error) {
	s, d, err := k.eyes.look(ctx, diagnosis.Scope{}, true)
	if err != nil {
		return 0, err
	}
	k.eyes.remember(ctx, s)
	if len(d.Scope.Unseen) > 0 || slices.ContainsFunc(d.Findings, doubtful) {
		return 0, nil // what was not seen is not known to be well
	}
	var dirs []recovery.HostDir
	if h := k.eyes.Host; h != nil {
		archive, changed, err := h.Archive(ctx, h.CNIDir())
		if err != nil {
			return 0, fmt.Errorf("read the CNI directory of %s: %w", h.Node(), err)
		}
		dirs = append(dirs, recovery.HostDir{Node: h.Node(), Dir: h.CNIDir(), Archive: archive, Changed: changed})
	}
	copies := recovery.Keep(s, dirs)
	for _, l := range s.Lookups {
		if l.Error == "" && len(l.Addrs) > 0 {
			copies = append(copies, recovery.Copy{Key: lookupKey(l.Server), Content: []byte(strings.Join(l.Addrs, "\n"))})
		}
	}
	kept := 0
	withheld := map[string]string{}
	for _, c := range copies {
		if what := recovery.Withheld(c.Content, k.eyes.redact); what != "" {
			if withheld[c.Key] = what; k.withheld[c.Key] != what {
				k.logger.Warn("no last-good copy is kept: it would hold what looks like a secret", "copy", c.Key, "where", what)
			}
			c = recovery.Copy{Key: withheldPrefix + c.Key, Content: []byte(what)} // so that doctor can say it
			kept--
		}
		kept++
		hash, err := k.store.PutBlob(ctx, c.Content)
		if err != nil {
			return 0, err
		}
		if err := k.store.SetLastGood(ctx, c.Key, hash, s.At); err != nil {
			return 0, err
		}
	}
	k.withheld = withheld
	return kept, nil
}

// doubtful says whether a finding casts doubt on what would be kept: anything wrong with a node, the network or DNS.
func doubtful(f incident.Finding) bool {
	if f.Severity.Rank() < incident.Warning.Rank() {
		return false
	}
	return f.Object.Kind == "Node" || f.Object.Namespace == "kube-system" || strings.HasPrefix(f.Code, "DNS") ||
		strings.HasPrefix(f.Code, "Node")
}

// lastGood is the store's memory of good copies, as recovery asks for it.
type lastGood struct{ *store.Store }

// LastGood returns the hash of the copy last kept under the key, and when.
func (l lastGood) LastGood(ctx context.Context, key string) (string, time.Time, bool, error) {
	g, ok, err := l.Store.LastGood(ctx, key)
	if errors.Is(err, store.ErrForged) {
		err = fmt.Errorf("%w: %w", recovery.ErrNoCopy, err)
	}
	return g.Hash, g.At, ok, err
}

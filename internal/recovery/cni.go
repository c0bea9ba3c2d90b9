package recovery

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/paramedic-bot/paramedic/internal/incident"
	"github.com/paramedic-bot/paramedic/internal/snapshot"
)

func draftCNI(ctx context.Context, r *Recovery, q request) (draft, error) {
	var out draft
	for _, o := range q.cause.Objects {
		if o.Kind != "Node" {
			continue
		}
		i := slices.IndexFunc(q.s.Hosts, func(h snapshot.Host) bool { return h.Node == o.Name })
		if i < 0 || r.o.Hosts[o.Name] == nil {
			return no("the files of node %s are out of reach; run Paramedic on that node, or give it the host root", o.Name)
		}
		dir := q.s.Hosts[i].CNIDir
		if dir == "" {
			return no("the CNI directory of node %s could not be read; among what was not seen stands why", o.Name)
		}
		hash, at, ok, err := r.o.LastGood.LastGood(ctx, HostKey(o.Name, dir))
		if errors.Is(err, ErrNoCopy) {
			return no("there is no last-good copy of %s on node %s: %v", dir, o.Name, err)
		}
		if err != nil {
			return draft{}, fmt.Errorf("find the last-good copy of %s on %s: %w", dir, o.Name, err)
		}
		if !ok {
			return no("no last-good copy of %s on node %s was kept; Paramedic keeps one while the node is well", dir, o.Name)
		}
		out.steps = append(out.steps, incident.Step{Kind: RestoreHostFiles, Target: incident.Target{Object: o},
			Params: map[string]string{"dir": dir, "archive": hash}, Source: keptAt(at)})
		out.title = "restore the CNI configuration of node " + o.Name
		out.why = join(out.why, fmt.Sprintf("%s on %s is restored from the copy last seen good %s.", dir, o.Name, stamp(at)))
	}
	out.many = "restore the CNI configuration of %d nodes"
	if len(out.steps) == 0 {
		return no("no node is named at fault")
	}
	return out, nil
}

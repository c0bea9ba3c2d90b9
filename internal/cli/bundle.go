package cli

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/paramedic-bot/paramedic/internal/bundle"
)

func (c *cli) bundle() *cobra.Command {
	return group("bundle", "A file holding a cluster's evidence, to look at elsewhere or later", c.bundleCapture(), c.bundleServe(),
		c.bundleInfo())
}

func (c *cli) bundleCapture() *cobra.Command {
	var s source
	var most string
	cmd := &cobra.Command{
		Use: "capture FILE", Short: "Capture a cluster's evidence: redacted, without Secrets", Args: cobra.ExactArgs(1),
		Example: "  paramedic bundle capture incident.tar.zst\n  paramedic bundle capture -n shop shop.tar.zst",
	}
	s.cluster(cmd)
	cmd.Flags().StringVarP(&s.namespace, "namespace", "n", "", "capture one namespace, and what is in none (default: all)")
	cmd.Flags().StringVar(&most, "max-size", "64Mi", "how many bytes of objects at most, uncompressed; what is left out is said")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		size, err := resource.ParseQuantity(most)
		if err != nil || size.Value() < 1 || size.Value() > bundle.MaxSize {
			return usage{fmt.Errorf("--max-size %s: must be a size such as 64Mi, at most %s", most, bundle.Bytes(bundle.MaxSize))}
		}
		eyes, err := c.eyes(s)
		if err != nil {
			return err
		}
		c.progress("capturing %s …", eyes.Reader.Name())
		b, err := eyes.Capture(cmd.Context(), s.namespace, c.version, size.Value())
		if err != nil {
			return err
		}
		info, err := b.WriteFile(args[0])
		if err != nil {
			return err
		}
		fmt.Fprintf(c.out, "%s: %d objects, %d logs, %d host files, %d values redacted\n", args[0], info.Objects, info.Logs, info.HostFiles,
			info.Redactions)
		fmt.Fprintf(c.out, "%s, %s before compression\n", bundle.Bytes(info.FileBytes), bundle.Bytes(info.UncompressedBytes))
		for _, n := range info.NotSeen {
			fmt.Fprintf(c.out, "not seen: %s: %s\n", n.What, n.Why)
		}
		return nil
	}
	return cmd
}

func (c *cli) bundleInfo() *cobra.Command {
	cmd := &cobra.Command{
		Use: "info FILE", Short: "What a bundle, or a dump of kubectl's, holds", Args: cobra.ExactArgs(1),
		Example: "  paramedic bundle info incident.tar.zst\n  kubectl cluster-info dump -A --output-directory=dump && paramedic bundle info dump",
	}
	format := output(cmd)
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		if err := validOutput(*format); err != nil {
			return err
		}
		b, err := bundle.OpenAny(args[0], c.redactor.String)
		if err != nil {
			return err
		}
		info := b.Info()
		if st, err := os.Stat(args[0]); err == nil && st.Mode().IsRegular() {
			info.FileBytes = st.Size()
		}
		if *format == "json" {
			return c.printJSON(info, "")
		}
		return writeInfo(c.out, info)
	}
	return cmd
}

// writeInfo sums a bundle up for a person.
func writeInfo(w io.Writer, i bundle.Info) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	row := func(name, format string, args ...any) { fmt.Fprintf(t, name+"\t"+format+"\n", args...) }
	row("cluster", "%s", cmp.Or(strings.TrimSpace(i.Cluster.Name+" "+i.Cluster.ServerVersion), "unknown"))
	row("captured", "%s by %s", i.CapturedAt.Format(time.RFC3339), cmp.Or(i.Source, "paramedic "+i.Paramedic))
	if i.Namespace != "" {
		row("namespace", "%s", i.Namespace)
	}
	row("objects", "%d", i.Objects)
	for _, k := range i.Kinds {
		if k.Count > 0 {
			row("  "+k.String(), "%d", k.Count)
		}
	}
	row("logs", "%d, %s", i.Logs, bundle.Bytes(i.LogBytes))
	row("host files", "%d, %s", i.HostFiles, bundle.Bytes(i.HostBytes))
	if i.FileBytes > 0 {
		row("size", "%s", bundle.Bytes(i.FileBytes))
	}
	if i.UncompressedBytes > 0 {
		row("uncompressed", "%s", bundle.Bytes(i.UncompressedBytes))
	}
	row("redacted", "%d values", i.Redactions)
	for _, n := range i.NotSeen {
		row("not seen", "%s: %s", n.What, n.Why)
	}
	return t.Flush()
}

func (c *cli) bundleServe() *cobra.Command {
	var listen string
	var keep bool
	cmd := &cobra.Command{
		Use: "serve FILE", Short: "Serve a bundle as a Kubernetes API for kubectl and others; changes stay in memory", Args: cobra.ExactArgs(1),
		Example: "  paramedic bundle serve incident.tar.zst > /tmp/kubeconfig &\n  KUBECONFIG=/tmp/kubeconfig kubectl get pods -A -o yaml",
	}
	cmd.Flags().StringVar(&listen, "listen", "127.0.0.1:0",
		"host:port; off this machine, it is served by https to whoever has the kubeconfig, which holds a token")
	cmd.Flags().BoolVar(&keep, "keep-times", false, "serve times as they were captured (default: moved so that the capture is now)")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		b, err := bundle.OpenAny(args[0], c.redactor.String)
		if err != nil {
			return err
		}
		ln, err := net.Listen("tcp", listen)
		if err != nil {
			return fmt.Errorf("serve the bundle: %w", err)
		}
		defer ln.Close()
		host, _, err := net.SplitHostPort(listen)
		if err != nil {
			return fmt.Errorf("serve the bundle: %w", err)
		}
		access, err := bundle.NewAccess(ln.Addr(), host, time.Now())
		if err != nil {
			return err
		}
		if access.TLS != nil {
			ln = tls.NewListener(ln, access.TLS)
		}
		if _, err := c.out.Write(access.Kubeconfig); err != nil {
			return err
		}
		c.progress("serving %s at %s until interrupted; the kubeconfig is on standard output", args[0], access.URL)
		server := bundle.NewServer(b, bundle.ServerOptions{KeepTimes: keep, Users: access.Users})
		defer server.Close()
		if !keep {
			go beat(cmd.Context(), server)
		}
		return serveUntil(cmd.Context(), ln, server)
	}
	return cmd
}

// serveUntil serves until the context ends, then lets requests finish for a moment.
func serveUntil(ctx context.Context, ln net.Listener, h http.Handler) error {
	server := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	done := make(chan error, 1)
	go func() { done <- server.Serve(ln) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	if err := server.Shutdown(stop); errors.Is(err, context.DeadlineExceeded) {
		return server.Close() // watches last as long as their clients like
	}
	if err := <-done; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// beat renews the replay's Leases, lest its nodes look dead.
func beat(ctx context.Context, server *bundle.Server) {
	tick := time.NewTicker(10 * time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			server.Heartbeat()
		}
	}
}

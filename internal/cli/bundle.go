package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/paramedic-bot/paramedic/internal/bundle"
)

func (c *cli) bundle() *cobra.Command {
	return group("bundle", "A file holding a cluster's evidence, to look at elsewhere or later", c.bundleCapture(), c.bundleServe(), c.bundleInfo())
}

func (c *cli) bundleCapture() *cobra.Command {
	var s source
	cmd := &cobra.Command{
		Use: "capture FILE", Short: "Capture a cluster's evidence: redacted, without Secrets", Args: cobra.ExactArgs(1),
		Example: "  paramedic bundle capture incident.tar.zst\n  paramedic bundle capture -n shop shop.tar.zst",
	}
	s.cluster(cmd)
	cmd.Flags().StringVarP(&s.namespace, "namespace", "n", "", "capture one namespace (default: all)")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		eyes, err := c.eyes(s)
		if err != nil {
			return err
		}
		c.progress("capturing %s …", eyes.Reader.Name())
		b, err := eyes.Capture(cmd.Context(), s.namespace, c.version)
		if err != nil {
			return err
		}
		if err := b.WriteFile(args[0]); err != nil {
			return err
		}
		info, err := os.Stat(args[0])
		if err != nil {
			return err
		}
		objects := 0
		for _, list := range b.Objects {
			objects += len(list)
		}
		fmt.Fprintf(c.out, "%s: %d objects, %d logs, %d host files, %.1f KB, %d values redacted\n", args[0], objects, len(b.Logs), len(b.HostFiles), float64(info.Size())/1000, b.Manifest.Redactions)
		for _, n := range b.Manifest.NotSeen {
			fmt.Fprintf(c.out, "not seen: %s: %s\n", n.What, n.Why)
		}
		return nil
	}
	return cmd
}

func (c *cli) bundleInfo() *cobra.Command {
	cmd := &cobra.Command{Use: "info FILE", Short: "What a bundle holds", Args: cobra.ExactArgs(1)}
	format := output(cmd)
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		if err := validOutput(*format); err != nil {
			return err
		}
		b, err := bundle.Open(args[0])
		if err != nil {
			return err
		}
		info := b.Info()
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
	row("cluster", "%s %s", i.Cluster.Name, i.Cluster.ServerVersion)
	row("captured", "%s by paramedic %s", i.CapturedAt.Format(time.RFC3339), i.Paramedic)
	if i.Namespace != "" {
		row("namespace", "%s", i.Namespace)
	}
	row("objects", "%d", i.Objects)
	for _, k := range i.Kinds {
		if k.Count > 0 {
			row("  "+k.String(), "%d", k.Count)
		}
	}
	row("logs", "%d, %.1f KB", i.Logs, float64(i.LogBytes)/1000)
	row("host files", "%d, %.1f KB", i.HostFiles, float64(i.HostBytes)/1000)
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
	cmd.Flags().StringVar(&listen, "listen", "127.0.0.1:0", "host:port")
	cmd.Flags().BoolVar(&keep, "keep-times", false, "serve times as they were captured (default: moved so that the capture is now)")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		b, err := bundle.Open(args[0])
		if err != nil {
			return err
		}
		ln, err := net.Listen("tcp", listen)
		if err != nil {
			return fmt.Errorf("serve the bundle: %w", err)
		}
		url := "http://" + ln.Addr().String()
		kubeconfig, err := bundle.Kubeconfig(url, "")
		if err != nil {
			return err
		}
		if _, err := c.out.Write(kubeconfig); err != nil {
			return err
		}
		c.progress("serving %s at %s until interrupted; the kubeconfig is on standard output", args[0], url)
		server := bundle.NewServer(b, bundle.ServerOptions{KeepTimes: keep})
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
